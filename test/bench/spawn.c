/*
 * spawn - a goroutine's whole life: started, run, ended, its place used again.
 *
 * usage: spawn [N]    1000000
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

enum { AT_ONCE = 100 };

static struct pgo_waitgroup done;

static void nothing(void *arg)
{
	(void)arg;
	pgo_waitgroup_done(&done);
}

static void measure(void *arg)
{
	long n = *(long *)arg;
	int64_t begin = clock_mono_ns();

	for (long i = 0; i < n; i += AT_ONCE) {
		pgo_waitgroup_add(&done, AT_ONCE);
		for (int k = 0; k < AT_ONCE; k++)
			if (pgo_go(nothing, NULL) < 0)
				exit(1);
		pgo_waitgroup_wait(&done);
	}
	printf("spawn, run and end, %d Ps: %.1f ns\n", pgo_gomaxprocs(0),
	       (double)(clock_mono_ns() - begin) / (double)n);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 1000000;
	int rc = n > 0 ? pgo_run(measure, &n) : -EINVAL;

	/* -EBUSY: the last one was on its way out. */
	return rc && rc != -EBUSY;
}
