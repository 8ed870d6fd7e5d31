/*
 * A program that owns main() and its threads, with goroutines beside them: ends
 * in the way its argument names; see test_beside.py.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { MS = 1000000 };

static struct pgo_chan *c, *answers;

static void tick(void *arg)
{
	(void)arg;
	for (;;)
		pgo_sleep(MS);
}

static void answer(void *arg)
{
	const char *text = "goroutines answer";

	(void)arg;
	pgo_chan_send(answers, &text);
}

static void wait_for_nobody(void *arg)
{
	pgo_chan_recv(c, &arg);
}

/* From an exit handler: a goroutine still runs and answers. */
static void ask_at_exit(void)
{
	const char *text = "nothing";

	if (pgo_go(answer, NULL) > 0)
		pgo_chan_recv(answers, &text);
	printf("at exit: %s\n", text);
}

static void exit_here(void *arg)
{
	(void)arg;
	exit(7);
}

static int return_from_main(void)
{
	pgo_go(tick, NULL);
	pgo_go(wait_for_nobody, NULL);
	atexit(ask_at_exit);
	return 5;
}

static int exit_on_goroutine(void)
{
	atexit(ask_at_exit);
	pgo_go(tick, NULL);
	pgo_go(exit_here, NULL);
	pause();
	return 1;
}

static int main_waits_for_nobody(void)
{
	pgo_go(wait_for_nobody, NULL);
	wait_for_nobody(NULL);
	return 1;
}

static int main_waits_for_no_goroutine(void)
{
	wait_for_nobody(NULL);
	return 1;
}

static void *thread_waits(void *arg)
{
	wait_for_nobody(arg);
	return NULL;
}

static int threads_wait_for_nobody(void)
{
	pthread_t t[3];

	pgo_go(wait_for_nobody, NULL);
	for (int i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, thread_waits, NULL);
	wait_for_nobody(NULL);
	return 1;
}

static int main_ends(void)
{
	pthread_t t;

	pgo_go(wait_for_nobody, NULL);
	pthread_create(&t, NULL, thread_waits, NULL);
	pthread_exit(NULL);
}

static void lock_and_wait(void *arg)
{
	pgo_lock_os_thread();
	wait_for_nobody(arg);
}

static int locked_waits_for_nobody(void)
{
	pgo_go(lock_and_wait, NULL);
	wait_for_nobody(NULL);
	return 1;
}

static void stay_in_c(void *arg)
{
	(void)arg;
	usleep(8000000);
}

/* Each of thirty needs a thread of its own. */
static int thirty_stay_in_c(void)
{
	for (int i = 0; i < 30; i++)
		pgo_go(stay_in_c, NULL);
	usleep(8000000);
	return 1;
}

static int limit_and_stay_in_c(void)
{
	if (pgo_set_max_threads(0) != -EINVAL ||
	    pgo_set_max_threads(5) != 10000 || pgo_set_max_threads(7) != 5)
		return 1;
	return thirty_stay_in_c();
}

/* It looks dead for as long as the thread has not made up its mind. */
static void *wake_late(void *arg)
{
	usleep(1200000);
	pgo_chan_send(c, &arg);
	return NULL;
}

static int a_thread_wakes_late(void)
{
	pthread_t t;
	void *v = c;

	pthread_create(&t, NULL, wake_late, NULL);
	pgo_chan_recv(c, &v);
	pthread_join(t, NULL);
	puts(v ? "somebody else's" : "woken");
	return 0;
}

static int nobody_waits(void)
{
	usleep(1200000);
	puts("alive");
	return 0;
}

__attribute__((no_sanitize("null")))
static void crash(void *arg)
{
	*(volatile int *)arg = 1;
}

/* It has said the first words when main() returns, and not yet the last. */
static int return_while_one_crashes(void)
{
	char word[8];
	int said[2];

	if (pipe(said) || dup2(said[1], STDERR_FILENO) < 0)
		return 1;
	pgo_go(crash, NULL);
	return read(said[0], word, sizeof(word)) > 0 ? 0 : 1;
}

static const struct {
	const char *name;
	int (*fn)(void);
} ways[] = {
	{ "return", return_from_main },
	{ "exit", exit_on_goroutine },
	{ "main-waits", main_waits_for_nobody },
	{ "main-waits-alone", main_waits_for_no_goroutine },
	{ "threads-wait", threads_wait_for_nobody },
	{ "main-ends", main_ends },
	{ "locked", locked_waits_for_nobody },
	{ "thirty", thirty_stay_in_c },
	{ "limit", limit_and_stay_in_c },
	{ "wake-late", a_thread_wakes_late },
	{ "nobody-waits", nobody_waits },
	{ "crash", return_while_one_crashes },
};

int main(int argc, char **argv)
{
	size_t n = sizeof(ways) / sizeof(ways[0]);
	int rc = pgo_start();

	if (rc) {
		fprintf(stderr, "pgo_start: %s\n", strerror(-rc));
		return 9;
	}
	c = pgo_chan_make(sizeof(void *), 0);
	answers = pgo_chan_make(sizeof(void *), 0);
	for (size_t i = 0; i < n; i++)
		if (argc > 1 && !strcmp(argv[1], ways[i].name))
			return ways[i].fn();
	return 9;
}
