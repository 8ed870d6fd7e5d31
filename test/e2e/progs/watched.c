/*
 * watched - goroutines to look at, until its standard input ends.
 *
 * usage: watched PARKED SPINNING    prints how many goroutines there are
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pgo/pgo.h>

struct counts {
	int parked, spinning;
};

static struct pgo_chan *never;
static _Atomic long sink;

__attribute__((noinline)) static void work(long i)
{
	atomic_store_explicit(&sink, i, memory_order_relaxed);
}

static void spin(void *arg)
{
	(void)arg;
	for (long i = 0;; i++)
		work(i);
}

static void wait_for_ever(void *arg)
{
	(void)arg;
	pgo_chan_recv(never, NULL);
	/* Or the call would be a jump, and this function on no stack. */
	sink = 0;
}

static void entry(void *arg)
{
	const struct counts *c = arg;
	char byte;

	never = pgo_chan_make(0, 0);
	for (int i = 0; i < c->parked; i++)
		pgo_go(wait_for_ever, NULL);
	for (int i = 0; i < c->spinning; i++)
		pgo_go(spin, NULL);
	pgo_sleep(50000000);
	printf("%lld goroutines\n", (long long)pgo_numgoroutine());
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	exit(0);
}

int main(int argc, char **argv)
{
	struct counts c = { argc > 1 ? atoi(argv[1]) : 0,
			    argc > 2 ? atoi(argv[2]) : 0 };

	return pgo_run(entry, &c) > 0;
}
