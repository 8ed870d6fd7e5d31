/*
 * woken - goroutines that ran a while, were woken and wait for ever, and those
 * who woke them, until its standard input ends.
 *
 * usage: woken    prints "ready"
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { PAIRS = 3, WAKES = 3, TURNS = 1000000 };

static struct pgo_waitgroup done;
static struct pgo_chan *never;
static _Atomic long sink;

/* Runs for some milliseconds each time it is woken. */
static void woken(void *arg)
{
	for (int i = 0; i < WAKES; i++) {
		pgo_chan_recv(arg, NULL);
		for (long turn = 0; turn < TURNS; turn++)
			sink = turn;
	}
	pgo_waitgroup_done(&done);
	pgo_chan_recv(never, NULL);
	sink = 0;
}

static void waker(void *arg)
{
	for (int i = 0; i < WAKES; i++) {
		pgo_chan_send(arg, NULL);
		pgo_sleep(1000000);
	}
	pgo_waitgroup_done(&done);
	pgo_chan_recv(never, NULL);
	sink = 0;
}

static void entry(void *arg)
{
	struct pgo_chan *c[PAIRS];
	char byte;

	(void)arg;
	never = pgo_chan_make(0, 0);
	pgo_waitgroup_add(&done, 2 * PAIRS);
	for (int i = 0; i < PAIRS; i++) {
		c[i] = pgo_chan_make(0, 0);
		pgo_go(woken, c[i]);
	}
	/* They wait by then. */
	pgo_sleep(50000000);
	for (int i = 0; i < PAIRS; i++)
		pgo_go(waker, c[i]);
	pgo_waitgroup_wait(&done);
	pgo_sleep(200000000);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	exit(0);
}

int main(void)
{
	return pgo_run(entry, NULL) != 0;
}
