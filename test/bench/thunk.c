/*
 * thunk - what a call into libc costs from a goroutine.
 *
 * usage: thunk [N]    20000000
 *
 * The same calls before pgo_run(), where a thunk is a plain jump.
 * strcasecmp() runs on the thread's stack, as nearly everything does; strcmp()
 * is a leaf and stays on the goroutine's; getpgrp() is a system call.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

static volatile int sink;

/* An empty string of which the compiler knows nothing. */
static inline const char *empty(void)
{
	const char *s = "";

	__asm__ volatile("" : "+r"(s));
	return s;
}

static double strcasecmp_ns(long n)
{
	int64_t begin = clock_mono_ns();

	for (long i = 0; i < n; i++)
		sink = strcasecmp(empty(), empty());
	return (double)(clock_mono_ns() - begin) / (double)n;
}

static double strcmp_ns(long n)
{
	int64_t begin = clock_mono_ns();

	for (long i = 0; i < n; i++)
		sink = strcmp(empty(), empty());
	return (double)(clock_mono_ns() - begin) / (double)n;
}

static double getpgrp_ns(long n)
{
	int64_t begin = clock_mono_ns();

	for (long i = 0; i < n; i++)
		sink = (int)getpgrp();
	return (double)(clock_mono_ns() - begin) / (double)n;
}

static void measure(void *arg)
{
	long n = *(long *)arg;
	const char *where = pgo_goid() ? "from a goroutine" : "off goroutines";

	printf("strcasecmp() %s: %.1f ns\n", where, strcasecmp_ns(n));
	printf("strcmp(), a leaf, %s: %.1f ns\n", where, strcmp_ns(n));
	printf("getpgrp() %s: %.1f ns\n", where, getpgrp_ns(n / 20));
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 20000000;

	if (n < 20)
		return 1;
	measure(&n);
	return pgo_run(measure, &n) != 0;
}
