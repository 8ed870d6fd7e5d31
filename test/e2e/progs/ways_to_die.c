/*
 * Dies in the way its argument names; see test_ways_to_die.py.
 *
 * Every culprit is a function of its own, so that its name must be in the
 * dump.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pgo/pgo.h>

#define APART __attribute__((noinline))

static struct pgo_chan *c;
static struct pgo_waitgroup wg;

/* Keeps a call from becoming a jump, which leaves no frame. */
static volatile int after;

APART static void wait_for_nobody(void *arg)
{
	int v;

	(void)arg;
	pgo_chan_recv(c, &v);
	after++;
}

APART static void send_to_nobody(void *arg)
{
	int v = 1;

	(void)arg;
	pgo_chan_send(c, &v);
	after++;
}

APART static void receive_from_nothing(void *arg)
{
	int v;

	(void)arg;
	pgo_chan_recv(NULL, &v);
	after++;
}

APART static void wait_for_group(void *arg)
{
	(void)arg;
	pgo_waitgroup_add(&wg, 1);
	pgo_waitgroup_wait(&wg);
	after++;
}

APART static void sleep_long(void *arg)
{
	(void)arg;
	pgo_sleep(INT64_C(3600000000000));
	after++;
}

/* Each for a reason of its own. */
APART static void all_wait(void *arg)
{
	pgo_go(send_to_nobody, arg);
	pgo_go(receive_from_nothing, arg);
	pgo_go(wait_for_group, arg);
	receive_from_nothing(arg);
	after++;
}

static int compare(const void *a, const void *b)
{
	wait_for_nobody(NULL);
	return a < b;
}

APART static void wait_in_callback(void *arg)
{
	int two[2] = { 2, 1 };

	(void)arg;
	qsort(two, 2, sizeof(int), compare);
	after++;
}

/* Callback, C, callback, three deep, and then to the end of it. */
static void (*at_the_bottom)(void *);
static int levels;

static int compare_below(const void *a, const void *b)
{
	int two[2] = { *(const int *)b, *(const int *)a };

	if (--levels)
		qsort(two, 2, sizeof(int), compare_below);
	else
		at_the_bottom(NULL);
	after++;
	return a < b;
}

APART static void go_below(void (*end)(void *))
{
	int two[2] = { 2, 1 };

	levels = 3;
	at_the_bottom = end;
	qsort(two, 2, sizeof(int), compare_below);
	after++;
}

APART static void wait_far_below(void *arg)
{
	(void)arg;
	go_below(wait_for_nobody);
	after++;
}

APART static void leave_main(void *arg)
{
	(void)arg;
	pgo_goexit();
}

static int leave_in_callback(const void *a, const void *b)
{
	(void)a;
	(void)b;
	pgo_goexit();
}

APART static void leave_through_c(void *arg)
{
	int two[2] = { 2, 1 };

	(void)arg;
	qsort(two, 2, sizeof(int), leave_in_callback);
	after++;
}

static void send_farewell(void *arg)
{
	int v = 4711;

	(void)arg;
	pgo_chan_send(c, &v);
}

/* At exit() one may still wait, as in any callback. */
static void say_farewell(void)
{
	int v;

	pgo_go(send_farewell, NULL);
	pgo_chan_recv(c, &v);
	printf("farewell %d\n", v);
}

APART static void exit_slowly(void *arg)
{
	(void)arg;
	atexit(say_farewell);
	exit(9);
}

APART static void send_on_closed(void *arg)
{
	int v = 1;

	(void)arg;
	pgo_chan_close(c);
	pgo_chan_send(c, &v);
	after++;
}

APART static void die_far_below(void *arg)
{
	(void)arg;
	go_below(send_on_closed);
	after++;
}

APART static void close_under_sender(void *arg)
{
	pgo_go(send_to_nobody, arg);
	pgo_sleep(20000000);
	pgo_chan_close(c);
	sleep_long(NULL);
	after++;
}

APART static void close_twice(void *arg)
{
	(void)arg;
	pgo_chan_close(c);
	pgo_chan_close(c);
	after++;
}

APART static void close_nothing(void *arg)
{
	(void)arg;
	pgo_chan_close(NULL);
	after++;
}

APART static void exit_thread(void *arg)
{
	pthread_exit(arg);
}

APART static void count_below_zero(void *arg)
{
	(void)arg;
	pgo_waitgroup_done(&wg);
	after++;
}

APART static void free_under_receiver(void *arg)
{
	pgo_go(wait_for_nobody, arg);
	pgo_sleep(20000000);
	pgo_chan_free(c);
	after++;
}

/* A panic in goroutine 2, while goroutine 1 sleeps. */
APART static void panic_in_another(void *arg)
{
	pgo_go(send_on_closed, arg);
	sleep_long(NULL);
	after++;
}

APART static void send_deep(int n)
{
	volatile char pad[700];

	pad[0] = (char)n;
	if (n)
		send_deep(n - 1);
	else
		send_on_closed(NULL);
	after += pad[0];
}

APART static void panic_deep(void *arg)
{
	(void)arg;
	send_deep(300);
	after++;
}

/* Little of each frame is touched: the bound counts address space. */
APART static void recurse_for_ever(void *arg)
{
	volatile char pad[65536];

	pad[0] = 1;
	if (!arg)
		recurse_for_ever(arg);
	after += pad[0];
}

APART static void panic_in_many(void *arg)
{
	pgo_chan_close(c);
	for (int i = 0; i < 50; i++)
		pgo_go(send_to_nobody, arg);
	sleep_long(NULL);
	after++;
}

/* Tells that it is ready, for who sends a signal. */
APART static void wait_for_signal(void *arg)
{
	pgo_go(wait_for_nobody, arg);
	pgo_go(sleep_long, arg);
	pgo_sleep(20000000);
	puts("ready");
	fflush(stdout);
	sleep_long(NULL);
	after++;
}

APART static void dump(void *arg)
{
	int rc;

	pgo_go(wait_for_nobody, arg);
	pgo_go(sleep_long, arg);
	pgo_sleep(20000000);
	rc = pgo_debug_dump(1);
	if (rc)
		fprintf(stderr, "pgo_debug_dump: %d\n", rc);
	rc = pgo_debug_dump(-1);
	fprintf(stderr, "on no file: %d\n", rc);
}

static void *live_for_a_while(void *arg)
{
	struct timespec while_ = { .tv_nsec = 200000000 };

	nanosleep(&while_, NULL);
	return arg;
}

/* A thread of the program's could wake it, until it has ended. */
APART static void outlive_a_thread(void *arg)
{
	pthread_t thread;
	int v;

	if (!pthread_create(&thread, NULL, live_for_a_while, arg))
		pgo_chan_recv(c, &v);
	after++;
}

static const struct {
	const char *name;
	void (*fn)(void *);
} ways[] = {
	{ "wait_for_nobody", wait_for_nobody },
	{ "send_to_nobody", send_to_nobody },
	{ "receive_from_nothing", receive_from_nothing },
	{ "wait_for_group", wait_for_group },
	{ "all_wait", all_wait },
	{ "outlive_a_thread", outlive_a_thread },
	{ "wait_in_callback", wait_in_callback },
	{ "wait_far_below", wait_far_below },
	{ "die_far_below", die_far_below },
	{ "leave_main", leave_main },
	{ "leave_through_c", leave_through_c },
	{ "exit_slowly", exit_slowly },
	{ "send_on_closed", send_on_closed },
	{ "close_under_sender", close_under_sender },
	{ "close_twice", close_twice },
	{ "close_nothing", close_nothing },
	{ "count_below_zero", count_below_zero },
	{ "exit_thread", exit_thread },
	{ "free_under_receiver", free_under_receiver },
	{ "panic_in_another", panic_in_another },
	{ "panic_deep", panic_deep },
	{ "panic_in_many", panic_in_many },
	{ "recurse_for_ever", recurse_for_ever },
	{ "wait_for_signal", wait_for_signal },
	{ "dump", dump },
};

int main(int argc, char **argv)
{
	c = pgo_chan_make(sizeof(int), 0);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (argc == 2 && !strcmp(argv[1], ways[i].name))
			return pgo_run(ways[i].fn, NULL) ? 3 : 0;
	fprintf(stderr, "usage: ways_to_die WAY\n");
	return 1;
}
