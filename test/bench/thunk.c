/*
 * thunk - what a call into libc costs from a goroutine.
 *
 * usage: thunk [N]    20000000
 *
 * The same calls before pgo_run(), where a thunk is a plain jump.  toascii()
 * runs on the thread's stack, as nearly everything does; toupper() is a leaf
 * and stays on the goroutine's; read() of nothing is a system call.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

static volatile int sink;

static double toascii_ns(long n)
{
	int64_t begin = clock_mono_ns();

	for (long i = 0; i < n; i++)
		sink = (toascii)((int)i);
	return (double)(clock_mono_ns() - begin) / (double)n;
}

static double toupper_ns(long n)
{
	int64_t begin = clock_mono_ns();

	for (long i = 0; i < n; i++)
		sink = (toupper)('a');
	return (double)(clock_mono_ns() - begin) / (double)n;
}

static double read_ns(long n)
{
	int64_t begin = clock_mono_ns();

	for (long i = 0; i < n; i++)
		sink = (int)read(-1, NULL, 0);
	return (double)(clock_mono_ns() - begin) / (double)n;
}

static void measure(void *arg)
{
	long n = *(long *)arg;
	const char *where = pgo_goid() ? "from a goroutine" : "off goroutines";

	printf("toascii() %s: %.1f ns\n", where, toascii_ns(n));
	printf("toupper(), a leaf, %s: %.1f ns\n", where, toupper_ns(n));
	printf("read(-1) %s: %.1f ns\n", where, read_ns(n / 20));
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 20000000;

	if (n < 20)
		return 1;
	measure(&n);
	return pgo_run(measure, &n) != 0;
}
