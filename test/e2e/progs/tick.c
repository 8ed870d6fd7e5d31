/*
 * tick - a goroutine that wants to run every 100 ms, beside eight that never
 * rest.
 *
 * usage: tick call|strlen|memcpy|getpid [TICKS]
 *
 * What the eight loop over: a small function, or a function of libc, which is
 * truly called, for this file is compiled with -fno-builtin.  After TICKS (12)
 * says the worst gap between two, in ms, and how often the eight went round.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { SPINNERS = 8, TICK_NS = 100000000, BLOCK = 64 << 10 };

static _Atomic int over;
static _Atomic long turns;
static char from[BLOCK];
static _Atomic long sink;
static int ticks = 12;

/* Inlined: the loops call nothing but what they are about. */
static inline __attribute__((always_inline)) int is_over(void)
{
	return atomic_load_explicit(&over, memory_order_relaxed);
}

static __attribute__((noipa)) void small(long n)
{
	sink = n;
}

static long loop_call(void)
{
	long n;

	for (n = 0; !is_over(); n++)
		small(n);
	return n;
}

static long loop_strlen(void)
{
	long n;

	for (n = 0; !is_over(); n++)
		sink = (long)strlen(from);
	return n;
}

static long loop_memcpy(void)
{
	char *to = malloc(BLOCK);
	long n;

	for (n = 0; to && !is_over(); n++)
		memcpy(to, from, BLOCK);
	free(to);
	return n;
}

static long loop_getpid(void)
{
	long n;

	for (n = 0; !is_over(); n++)
		sink = getpid();
	return n;
}

static const struct way {
	const char *name;
	long (*loop)(void);
} ways[] = {
	{ "call", loop_call },
	{ "strlen", loop_strlen },
	{ "memcpy", loop_memcpy },
	{ "getpid", loop_getpid },
};

static void spin(void *arg)
{
	const struct way *way = arg;

	atomic_fetch_add(&turns, way->loop());
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void tick(void *arg)
{
	double worst = 0, last = now_ms();

	for (int i = 0; i < SPINNERS; i++)
		if (pgo_go(spin, arg) < 0)
			return;
	for (int i = 0; i < ticks; i++) {
		double now;

		pgo_sleep(TICK_NS);
		now = now_ms();
		if (now - last > worst)
			worst = now - last;
		last = now;
	}
	atomic_store(&over, 1);
	while (pgo_numgoroutine() > 1)
		pgo_sleep(1000000);
	printf("worst_ms %.0f\nturns %ld\n", worst, atomic_load(&turns));
}

int main(int argc, char **argv)
{
	memset(from, 'x', BLOCK - 1);
	if (argc == 3)
		ticks = atoi(argv[2]);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (argc >= 2 && !strcmp(argv[1], ways[i].name))
			return pgo_run(tick, (void *)&ways[i]) != 0;
	fprintf(stderr, "usage: tick call|strlen|memcpy|getpid [TICKS]\n");
	return 2;
}
