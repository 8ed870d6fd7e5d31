/*
 * split - a call in a loop that crosses into the next segment every time, and
 * the same call where it fits.
 *
 * usage: split [N]    20000000
 *
 * wide() needs more than is left of a first segment of 2 KiB, and less than
 * there is below roomy(), which took a segment of its own.
 */
#include <stdio.h>
#include <stdlib.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

static __attribute__((noipa)) int wide(int i)
{
	volatile char frame[1500];

	frame[i & 1023] = (char)i;
	return frame[i & 1023];
}

static __attribute__((noipa)) double loop_ns(long n)
{
	int64_t begin = clock_mono_ns();

	for (long i = 0; i < n; i++)
		wide((int)i);
	return (double)(clock_mono_ns() - begin) / (double)n;
}

static __attribute__((noipa)) double roomy_ns(long n)
{
	volatile char frame[16384];
	double ns;

	frame[0] = 0;
	ns = loop_ns(n);
	return ns + frame[0];
}

static void measure(void *arg)
{
	long n = *(long *)arg;
	double split_ns = loop_ns(n), fits_ns = roomy_ns(n);

	printf("a call that fits: %.1f ns, that crosses segments: %.1f ns, "
	       "hot split: %.1f ns\n", fits_ns, split_ns, split_ns - fits_ns);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 20000000;

	return n <= 0 || pgo_run(measure, &n) != 0;
}
