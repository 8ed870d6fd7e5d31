/*
 * parked - what N parked goroutines cost in memory.
 *
 * usage: parked [N]    100000
 *
 * Each waits on one channel from its first function; libc only, so that first
 * segments are of 2 KiB.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <pgo/pgo.h>

#include "test/rss.h"

static struct pgo_chan *never;
static _Atomic long begun;

static void park(void *arg)
{
	(void)arg;
	atomic_fetch_add(&begun, 1);
	pgo_chan_recv(never, NULL);
}

static void measure(void *arg)
{
	long before, after, n = *(long *)arg;

	never = pgo_chan_make(1, 0);
	before = rss_bytes();
	for (long i = 0; i < n; i++) {
		if (pgo_go(park, NULL) < 0) {
			fprintf(stderr, "parked: no memory\n");
			exit(1);
		}
	}
	while (atomic_load(&begun) < n)
		pgo_sleep(10000000);
	pgo_sleep(100000000);
	after = rss_bytes();
	printf("%ld parked: %ld B of RSS each\n", n, (after - before) / n);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 100000;
	int rc = n > 0 ? pgo_run(measure, &n) : -1;

	/* -EBUSY: they are still parked. */
	return n <= 0 || (rc && pgo_numgoroutine() != n);
}
