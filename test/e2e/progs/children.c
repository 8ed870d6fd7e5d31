/*
 * Makes children in the way its first argument names while goroutines spin on
 * every P; see test_children.py.  What a child says goes to the same stderr.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { MAKERS = 4, DEPTH = 1000 };

extern char **environ;

static struct pgo_waitgroup wg;
static struct pgo_mutex held;
static struct pgo_chan *c;
static _Atomic int wrong, stop;
static const char *how;
static int turns = 10;

/* Some 150 KB of stack, each of which must be right. */
__attribute__((noinline)) static long descend(long n)
{
	volatile char pad[64];

	pad[n % 64] = (char)n;
	return n ? descend(n - 1) + 1 + (pad[n % 64] - (char)n) : 0;
}

static void spin(void *arg)
{
	(void)arg;
	while (!stop)
		wrong += descend(DEPTH / 10) != DEPTH / 10;
	pgo_waitgroup_done(&wg);
}

/* Fails when SIGTERM is blocked. */
static char check[] = "! grep -Eq '^SigBlk:.*[4567cdef]...$' "
		      "/proc/self/status";
static char shell[] = "/bin/sh";
static char dash_c[] = "-c";
static char *check_argv[] = { shell, dash_c, check, NULL };

static int status_of(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* Children that become something else -------------------------------------- */

static int by_fork(void)
{
	pid_t pid = fork();

	if (!pid) {
		execv(shell, check_argv);
		_exit(99);
	}
	return status_of(pid);
}

/* The child may do more than it should before it goes. */
static int by_vfork(void)
{
	pid_t pid = vfork();

	if (!pid) {
		if (dup2(2, 9) != 9 || descend(DEPTH) != DEPTH)
			_exit(98);
		execv(shell, check_argv);
		_exit(99);
	}
	return status_of(pid);
}

static int by_spawn(void)
{
	pid_t pid;
	int rc = posix_spawn(&pid, shell, NULL, NULL, check_argv, environ);

	return rc ? -rc : status_of(pid);
}

static int by_popen(void)
{
	char line[32] = "";
	FILE *f = popen("! grep -Eq '^SigBlk:.*[4567cdef]...$' "
			"/proc/self/status && echo fine", "r");

	if (!f || !fgets(line, sizeof(line), f) || strcmp(line, "fine\n"))
		return 1;
	return pclose(f);
}

static int by_system(void)
{
	return system(check);
}

static int (*const makers[])(void) = {
	by_fork, by_vfork, by_spawn, by_popen, by_system,
};

static void make_children(void *arg)
{
	int (*maker)(void) = makers[(intptr_t)arg];

	for (int i = 0; i < turns; i++) {
		int status = maker();

		if (status) {
			fprintf(stderr, "maker %d: %d\n", (int)(intptr_t)arg,
				status);
			wrong++;
		}
		wrong += descend(DEPTH) != DEPTH;
		pgo_yield();
	}
	pgo_waitgroup_done(&wg);
}

/* Children that stay in C -------------------------------------------------- */

static void stay_in_c(void)
{
	char *p = malloc(100000);
	char text[64];

	memset(p, 1, 100000);
	snprintf(text, sizeof(text), "%d %.3f", (int)getpid(), 2.5);
	_exit(!strstr(text, " 2.500") || descend(DEPTH) != DEPTH ? 1 : 7);
}

static void make_quiet_children(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5 * turns; i++) {
		pid_t pid = fork();
		int status;

		if (!pid)
			stay_in_c();
		status = status_of(pid);
		if (status != 7 << 8) {
			fprintf(stderr, "quiet: %x\n", (unsigned)status);
			wrong++;
		}
	}
	pgo_waitgroup_done(&wg);
}

static void begin_crowd(int n, void (*fn)(void *))
{
	pgo_waitgroup_add(&wg, pgo_gomaxprocs(0) + n);
	for (int i = 0; i < pgo_gomaxprocs(0); i++)
		pgo_go(spin, NULL);
	for (int i = 0; i < n; i++)
		pgo_go(fn, (void *)(intptr_t)i);
}

/* For the makers to end. */
static void end_crowd(void)
{
	while (pgo_numgoroutine() > pgo_gomaxprocs(0) + 1)
		pgo_sleep(1000000);
	stop = 1;
	pgo_waitgroup_wait(&wg);
}

/* Children that go on as if they were the parent --------------------------- */

static void nothing(void *arg)
{
	(void)arg;
}

static void use_here(const char *what)
{
	char v = 0;
	struct pgo_case one = { c, PGO_RECV, &v, 0 };

	if (!strcmp(what, "go"))
		pgo_go(nothing, NULL);
	else if (!strcmp(what, "recv"))
		pgo_chan_recv(c, &v);
	else if (!strcmp(what, "send"))
		pgo_chan_send(c, &v);
	else if (!strcmp(what, "select"))
		pgo_select(&one, 1, 0);
	else if (!strcmp(what, "yield"))
		pgo_yield();
	else if (!strcmp(what, "sleep"))
		pgo_sleep(1000000);
	else if (!strcmp(what, "mutex"))
		pgo_mutex_lock(&held);
	else if (!strcmp(what, "waitgroup"))
		pgo_waitgroup_wait(&wg);
	else if (!strcmp(what, "goexit"))
		pgo_goexit();
	else if (!strcmp(what, "daemon"))
		pgo_go(nothing, NULL);
}

/* WHAT in a child; "return": its goroutine ends there. */
static bool use_in_child(const char *what)
{
	pid_t pid = strcmp(what, "daemon") ? fork() : 0;

	if (!strcmp(what, "daemon") && daemon(1, 1))
		_exit(5);
	if (!pid) {
		use_here(what);
		if (!strcmp(what, "return"))
			return true;
		_exit(99);
	}
	wrong += status_of(pid) != 2 << 8;
	return false;
}

static void on_goroutine(void *arg)
{
	(void)arg;
	if (!use_in_child(how))
		pgo_waitgroup_done(&wg);
}

static void *on_thread(void *arg)
{
	use_in_child(how);
	return arg;
}

/* -------------------------------------------------------------------------- */

static int order[8], n_order;

static void before(void)
{
	order[n_order++] = 'p';
}

static void in_parent(void)
{
	order[n_order++] = 'f';
}

static void in_child(void)
{
	order[n_order++] = 'c';
}

/* Handlers of the program's see the fork, and may call C. */
static void fork_with_handlers(void)
{
	pid_t pid;

	pthread_atfork(before, in_parent, in_child);
	pid = fork();
	if (!pid)
		_exit(n_order == 2 && order[0] == 'p' && order[1] == 'c' ?
			      0 : 1);
	wrong += status_of(pid) != 0;
	wrong += n_order != 2 || order[0] != 'p' || order[1] != 'f';
}

/* At a word from stdin each: forks, ends the child by exit(), ends. */
static void leave_by_exit(void)
{
	char word;
	pid_t pid;

	read(0, &word, 1);
	pid = fork();
	if (!pid) {
		printf("%d\n", (int)getpid());
		fflush(stdout);
		read(0, &word, 1);
		exit(0);
	}
	wrong += status_of(pid) != 0;
	puts("gone");
	fflush(stdout);
	read(0, &word, 1);
}

static void said(void)
{
	fputs("quick\n", stderr);
}

static void entry(void *arg)
{
	const char *way = arg;
	pthread_t t;

	c = pgo_chan_make(1, 0);
	pgo_mutex_lock(&held);
	if (!strcmp(way, "become")) {
		begin_crowd(5, make_children);
		end_crowd();
	} else if (!strcmp(way, "stay")) {
		begin_crowd(MAKERS, make_quiet_children);
		end_crowd();
	} else if (!strcmp(way, "goroutine")) {
		begin_crowd(1, on_goroutine);
		end_crowd();
	} else if (!strcmp(way, "thread")) {
		pgo_waitgroup_add(&wg, 1);
		pthread_create(&t, NULL, on_thread, NULL);
		pthread_join(t, NULL);
	} else if (!strcmp(way, "handlers")) {
		fork_with_handlers();
	} else if (!strcmp(way, "leave")) {
		leave_by_exit();
	} else if (!strcmp(way, "_exit")) {
		_exit(6);
	} else if (!strcmp(way, "quick_exit")) {
		at_quick_exit(said);
		quick_exit(6);
	}
}

int main(int argc, char **argv)
{
	int rc;

	if (argc < 2)
		return 9;
	how = argc > 2 ? argv[2] : "";
	if (getenv("PGO_TEST_SLOWER"))
		turns = 1;
	if (!strcmp(argv[1], "daemon-first") && daemon(1, 1))
		return 8;
	rc = pgo_run(entry, argv[1]);
	if (!strcmp(argv[1], "daemon-first"))
		fprintf(stderr, "daemon: %d\n", rc);
	/* Who has told that it is done may still be on its way out. */
	return wrong || (rc && rc != -EBUSY) ? 1 : 0;
}
