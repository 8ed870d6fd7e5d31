/*
 * switch - two goroutines on one P let each other run.
 *
 * usage: switch [N]    5000000
 *
 * pgo_yield() goes by the global queue, as Go's Gosched does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

static struct pgo_waitgroup done;

static void yield_often(void *arg)
{
	long n = *(long *)arg;

	for (long i = 0; i < n; i++)
		pgo_yield();
	pgo_waitgroup_done(&done);
}

static void measure(void *arg)
{
	long n = *(long *)arg;
	int64_t begin = clock_mono_ns();

	pgo_waitgroup_add(&done, 2);
	for (int i = 0; i < 2; i++)
		if (pgo_go(yield_often, arg) < 0)
			exit(1);
	pgo_waitgroup_wait(&done);
	printf("yield to another: %.1f ns\n",
	       (double)(clock_mono_ns() - begin) / (2 * (double)n));
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 5000000;
	int rc;

	setenv("GOMAXPROCS", "1", 1);
	rc = n > 0 ? pgo_run(measure, &n) : -EINVAL;
	return rc && rc != -EBUSY;
}
