/*
 * Goroutines that outlive goroutine 1, or do not; see test_leakcheck.py.
 *
 * usage: leaks WAY
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { MS = 1000000 };

static struct pgo_chan *never;
static int pipe_ends[2];
static _Atomic long sink;

static inline __attribute__((always_inline)) void inlined_wait(void)
{
	pgo_chan_recv(never, NULL);
	sink = 1;
}

static void parked(void *arg)
{
	(void)arg;
	inlined_wait();
	sink = 2;
}

static void asleep(void *arg)
{
	(void)arg;
	pgo_sleep(3600LL * 1000 * MS);
	sink = 3;
}

static void in_c(void *arg)
{
	char byte;

	(void)arg;
	sink = read(pipe_ends[0], &byte, 1);
}

static void ends_soon(void *arg)
{
	(void)arg;
	pgo_sleep(50 * MS);
	sink = 4;
}

static __attribute__((noinline)) void create_parked(void)
{
	pgo_go(parked, NULL);
	sink = 5;
}

static void leak_three(void)
{
	create_parked();
	pgo_go(asleep, NULL);
	pgo_go(in_c, NULL);
}

/* Ways of a program that has pgo_run() ------------------------------------- */

static void soon(void)
{
	pgo_go(ends_soon, NULL);
}

static void exit_0(void)
{
	leak_three();
	exit(0);
}

static void exit_3(void)
{
	leak_three();
	exit(3);
}

/* While the check is under way, which takes 430 ms. */
static void exit_soon(void *arg)
{
	(void)arg;
	pgo_sleep(100 * MS);
	exit(0);
}

static void exit_meanwhile(void)
{
	leak_three();
	pgo_go(exit_soon, NULL);
}

static void only_exit_meanwhile(void)
{
	pgo_go(exit_soon, NULL);
}

static void *thread_that_exits(void *arg)
{
	usleep(100000);
	exit(0);
	return arg;
}

static void exit_twice(void)
{
	pthread_t thread;

	leak_three();
	pthread_create(&thread, NULL, thread_that_exits, NULL);
	exit(0);
}

static void print_check(const char *ignore, int64_t after, int64_t wait_ns)
{
	struct pgo_leakcheck_opts o = {
		.size = sizeof(o), .ignore = ignore, .after = after,
		.wait_ns = wait_ns,
	};

	printf("%d\n", pgo_leakcheck_opts(&o, STDERR_FILENO));
}

static void brief(void)
{
	leak_three();
	pgo_sleep(20 * MS);
	print_check(NULL, 0, -1);
}

static void options(void)
{
	static char long_list[5000];
	struct pgo_leakcheck_opts newer = { .size = sizeof(newer) + 8 };
	int64_t before = pgo_leakcheck_current();
	int64_t after;

	leak_three();
	after = pgo_leakcheck_current();
	print_check(NULL, 0, 10 * MS);
	print_check(NULL, before, 10 * MS);
	print_check(NULL, after, 10 * MS);
	print_check("asleep,in_c", 0, 10 * MS);
	pgo_go(ends_soon, NULL);
	print_check(NULL, after, -1);
	print_check(NULL, after, 0);
	memset(long_list, 'x', sizeof(long_list) - 1);
	print_check(long_list, 0, -1);
	printf("%d\n", pgo_leakcheck_opts(&newer, 2));
	printf("%d\n", pgo_leakcheck_opts(NULL, -1));
}

/* The check is made on a goroutine that is not the first. */
static void check_here(void *done)
{
	printf("%d\n", pgo_leakcheck(STDERR_FILENO));
	pgo_waitgroup_done(done);
}

static void from_another(void)
{
	struct pgo_waitgroup done = { 0 };

	create_parked();
	pgo_waitgroup_add(&done, 1);
	pgo_go(check_here, &done);
	pgo_waitgroup_wait(&done);
}

/* A child of fork() has none of them, whatever memory says. */
static void fork_child(void)
{
	int status = 0;
	pid_t pid;

	leak_three();
	pid = fork();
	if (pid == 0)
		exit(0);
	waitpid(pid, &status, 0);
	printf("child: %d\n", WEXITSTATUS(status));
	fflush(stdout);
	_exit(0);
}

static void run_way(void *way)
{
	((void (*)(void))way)();
}

/* And of one that has not -------------------------------------------------- */

static int beside(void)
{
	printf("%d\n", pgo_leakcheck(STDERR_FILENO));
	pgo_start();
	leak_three();
	printf("%d\n", pgo_leakcheck(STDERR_FILENO));
	return 0;
}

static void at_exit(void)
{
	printf("at exit\n");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void);
	} ways[] = {
		{ "soon", soon }, { "three", leak_three },
		{ "exit-0", exit_0 }, { "exit-3", exit_3 },
		{ "exit-meanwhile", exit_meanwhile },
		{ "only-exit-meanwhile", only_exit_meanwhile },
		{ "exit-twice", exit_twice },
		{ "brief", brief }, { "options", options },
		{ "from-another", from_another },
		{ "fork", fork_child },
	};

	atexit(at_exit);
	never = pgo_chan_make(0, 0);
	if (argc != 2 || pipe(pipe_ends))
		return 2;
	if (!strcmp(argv[1], "beside"))
		return beside();
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(argv[1], ways[i].name))
			pgo_run(run_way, (void *)ways[i].fn);
	return 0;
}
