/*
 * pingpong - two goroutines send an int to and fro over unbuffered channels.
 *
 * usage: pingpong [N]    2000000
 *
 * With GOMAXPROCS=1 each send hands over to the other; with more, the pair
 * should stay on one P, which is what a run queue's next slot is for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

static struct pgo_chan *to, *fro;

static void pong(void *arg)
{
	int ball;

	(void)arg;
	while (!pgo_chan_recv(to, &ball))
		pgo_chan_send(fro, &ball);
}

static void measure(void *arg)
{
	long n = *(long *)arg;
	int ball = 0;
	int64_t begin;

	to = pgo_chan_make(sizeof(ball), 0);
	fro = pgo_chan_make(sizeof(ball), 0);
	if (pgo_go(pong, NULL) < 0)
		exit(1);
	begin = clock_mono_ns();
	for (long i = 0; i < n; i++) {
		pgo_chan_send(to, &ball);
		pgo_chan_recv(fro, &ball);
	}
	printf("channel, there and back, %d Ps: %.1f ns\n", pgo_gomaxprocs(0),
	       (double)(clock_mono_ns() - begin) / (double)n);
	pgo_chan_close(to);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 2000000;
	int rc = n > 0 ? pgo_run(measure, &n) : -EINVAL;

	return rc && rc != -EBUSY;
}
