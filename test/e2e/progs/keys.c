/*
 * What the keys of PGODEBUG that are for tests can be seen by.
 *
 *	keys choices    the cases that 64 selects with four ready ones took
 *	keys woken      the order in which eight waiting goroutines went on
 *	keys segments   how many of 100 calls began on another segment
 *	keys moves      how often four goroutines found themselves on another
 *	                thread, in 60,000 turns each
 *	keys turns      how often two goroutines took turns: while each calls
 *	                100 ms long, and over 100 locks
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pgo/pgo.h>

static struct pgo_waitgroup all;
static int64_t nap_ns = 10000000;

static void choices(void)
{
	struct pgo_case cases[4];
	int v = 0;

	for (int i = 0; i < 4; i++) {
		cases[i].chan = pgo_chan_make(sizeof(int), 64);
		cases[i].dir = PGO_SEND;
		cases[i].elem = &v;
	}
	for (int i = 0; i < 64; i++)
		printf("%d", pgo_select(cases, 4, 0));
	putchar('\n');
}

/* ------------------------------------------------------------------------- */

static struct pgo_chan *start[8];

static void wait_and_tell(void *arg)
{
	int i = (int)(intptr_t)arg;
	int v;

	pgo_chan_recv(start[i], &v);
	printf("%d", i);
	pgo_waitgroup_done(&all);
}

static void woken(void)
{
	for (int i = 0; i < 8; i++) {
		start[i] = pgo_chan_make(sizeof(int), 0);
		pgo_waitgroup_add(&all, 1);
		pgo_go(wait_and_tell, (void *)(intptr_t)i);
	}
	pgo_sleep(nap_ns);
	for (int i = 0; i < 8; i++)
		pgo_chan_send(start[i], &i);
	pgo_waitgroup_wait(&all);
	putchar('\n');
}

/* ------------------------------------------------------------------------- */

/* A frame that is not right below its caller's is on another segment. */
__attribute__((noinline)) static int jumps(int depth, char *above)
{
	char here[16];
	ptrdiff_t gap = above - here;

	__asm__ volatile("" : : "r"(here) : "memory");
	return (gap < 0 || gap > 500) +
	       (depth ? jumps(depth - 1, here) : 0);
}

static void segments(void)
{
	char here[16];

	printf("%d\n", jumps(99, here));
}

/* ------------------------------------------------------------------------- */

static _Atomic int moved;

static void talk(void *arg)
{
	struct pgo_chan **pair = arg;
	int tid = gettid();
	int v = 0;

	for (int i = 0; i < 60000; i++) {
		pgo_chan_send(pair[0], &v);
		pgo_chan_recv(pair[1], &v);
		if (gettid() != tid)
			atomic_fetch_add(&moved, 1);
		tid = gettid();
	}
	pgo_waitgroup_done(&all);
}

static void moves(void)
{
	static struct pgo_chan *pairs[4][2];

	for (int i = 0; i < 4; i++)
		pairs[i][0] = pgo_chan_make(sizeof(int), 1);
	for (int i = 0; i < 4; i++) {
		pairs[i][1] = pairs[i ^ 1][0];
		pgo_waitgroup_add(&all, 1);
		pgo_go(talk, pairs[i]);
	}
	pgo_waitgroup_wait(&all);
	printf("%d\n", moved);
}

/* ------------------------------------------------------------------------- */

static _Atomic int last, turns_taken;

static void my_turn(int me)
{
	if (atomic_exchange(&last, me) != me)
		atomic_fetch_add(&turns_taken, 1);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void call(void *arg)
{
	double end = now() + .1;

	while (now() < end)
		my_turn((int)(intptr_t)arg);
	pgo_waitgroup_done(&all);
}

static void lock(void *arg)
{
	static struct pgo_mutex mutexes[2];
	int me = (int)(intptr_t)arg;

	for (int i = 0; i < 50; i++) {
		pgo_mutex_lock(&mutexes[me]);
		my_turn(me);
		pgo_mutex_unlock(&mutexes[me]);
	}
	pgo_waitgroup_done(&all);
}

static int turns_of(void (*fn)(void *))
{
	turns_taken = 0;
	pgo_waitgroup_add(&all, 2);
	pgo_go(fn, (void *)0);
	pgo_go(fn, (void *)1);
	pgo_waitgroup_wait(&all);
	return turns_taken;
}

static void turns(void)
{
	int calls = turns_of(call);

	printf("%d %d\n", calls, turns_of(lock));
}

/* ------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*fn)(void);
} words[] = {
	{ "choices", choices }, { "woken", woken }, { "segments", segments },
	{ "moves", moves },     { "turns", turns },
};

static void first(void *arg)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(arg, words[i].name))
			words[i].fn();
}

int main(int argc, char **argv)
{
	const char *slower = getenv("PGO_TEST_SLOWER");
	int rc;

	if (slower)
		nap_ns *= atoi(slower);
	rc = argc == 2 ? pgo_run(first, argv[1]) : -EINVAL;

	/* -EBUSY: the last one was on its way out. */
	return rc && rc != -EBUSY;
}
