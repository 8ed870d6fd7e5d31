/*
 * procs - the number of Ps while it changes.
 *
 * usage: procs follow|change
 *
 * follow: says how many there are, a line each time that changes.  change:
 * sets it to 1 to 6, over and over, beside goroutines at work.  Both until
 * standard input ends.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <pgo/pgo.h>

enum { WORKERS = 16, MOMENT_NS = 1000000 };

static _Atomic int over;

static int input_has_ended(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	char c;

	return poll(&p, 1, 0) == 1 && read(STDIN_FILENO, &c, 1) <= 0;
}

static void follow(void)
{
	int was = 0;

	while (!input_has_ended()) {
		int is = pgo_gomaxprocs(0);

		if (is != was) {
			printf("%d\n", is);
			fflush(stdout);
		}
		was = is;
		pgo_sleep(MOMENT_NS);
	}
}

static void work(void *arg)
{
	struct pgo_chan *c = arg;
	long v;

	while (!over) {
		pgo_chan_recv(c, &v);
		pgo_yield();
		pgo_chan_send(c, &v);
	}
}

static void change(void)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(long), WORKERS);
	long v = 0;

	for (int i = 0; i < WORKERS; i++) {
		pgo_chan_send(c, &v);
		pgo_go(work, c);
	}
	while (!input_has_ended()) {
		pgo_gomaxprocs((int)(v++ % 6) + 1);
		pgo_sleep(MOMENT_NS);
	}
	over = 1;
}

static void start(void *arg)
{
	if (strcmp(arg, "follow"))
		change();
	else
		follow();
	while (pgo_numgoroutine() > 1)
		pgo_sleep(MOMENT_NS);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	return pgo_run(start, argv[1]) != 0;
}
