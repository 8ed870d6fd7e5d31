/*
 * waits - a goroutine in each kind of wait and on each kind of stack, until
 * its standard input ends.
 *
 * usage: waits    prints "ready" when all stand where they stay
 */
#include <alloca.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { DEPTH = 300, FOR_EVER_S = 3600 };

static struct pgo_chan *never, *never_full;
static struct pgo_waitgroup group;
static _Atomic long sink;

static void receive(void *arg)
{
	pgo_chan_recv(arg, NULL);
	sink = 0;
}

static void send_it(void *arg)
{
	pgo_chan_send(arg, "");
	sink = 0;
}

static void wait_for_all(void *arg)
{
	pgo_waitgroup_wait(arg);
	sink = 0;
}

static void nap(void *arg)
{
	(void)arg;
	pgo_sleep(FOR_EVER_S * 1000000000LL);
	sink = 0;
}

/* A stack of several segments. */
static __attribute__((noinline)) void dive(int depth, struct pgo_chan *c)
{
	char frame[256];

	memset(frame, depth, sizeof(frame));
	if (depth > 0)
		dive(depth - 1, c);
	else if (c)
		receive(c);
	sink = frame[depth % 256];
}

static void deep(void *arg)
{
	dive(DEPTH, arg);
}

/* Segments that are linked and not in use. */
static void was_deep(void *arg)
{
	dive(DEPTH, NULL);
	receive(arg);
}

static __attribute__((noinline)) void many(const char *fmt, ...)
{
	char *block = alloca(strlen(fmt) * 1000);

	memset(block, 1, strlen(fmt) * 1000);
	receive(never);
	sink = block[7];
}

static void variadic(void *arg)
{
	(void)arg;
	many("%d %s %f", 1, "two", 3.0);
}

static inline __attribute__((always_inline)) void inlined(void *c)
{
	receive(c);
	sink = 1;
}

static void through_inlined(void *arg)
{
	inlined(arg);
}

static int compare(const void *a, const void *b)
{
	receive(never);
	return *(const int *)a - *(const int *)b;
}

/* Its thread sleeps with it, in a callback from C. */
static void in_callback(void *arg)
{
	int two[2] = { 2, 1 };

	(void)arg;
	qsort(two, 2, sizeof(*two), compare);
	sink = two[0];
}

static void in_c(void *arg)
{
	int *fds = arg;
	char byte;

	if (read(fds[0], &byte, 1) > 0)
		sink = byte;
}

static void entry(void *arg)
{
	void (*const all[])(void *) = {
		receive, deep, was_deep, variadic, through_inlined,
		in_callback,
	};
	char byte;

	never = pgo_chan_make(0, 0);
	never_full = pgo_chan_make(0, 0);
	pgo_waitgroup_add(&group, 1);
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		pgo_go(all[i], never);
	pgo_go(receive, NULL);
	pgo_go(send_it, NULL);
	pgo_go(send_it, never_full);
	pgo_go(wait_for_all, &group);
	pgo_go(nap, NULL);
	pgo_go(in_c, arg);
	pgo_sleep(200000000);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	exit(0);
}

int main(void)
{
	int fds[2];

	if (pipe(fds))
		return 1;
	return pgo_run(entry, fds) > 0;
}
