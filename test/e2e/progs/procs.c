/*
 * procs - the number of Ps while it changes.
 *
 * usage: procs follow|change|early|deadlock
 *
 * follow: says how many there are, a line each time that changes.  change:
 * sets it to 1 to 6, over and over, beside goroutines at work.  Both until
 * standard input ends.  early: what is said before there are any.  deadlock:
 * nobody is awake when all but one have gone.
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

static void wait_for_ever(void *arg)
{
	pgo_chan_recv(NULL, arg);
}

static void deadlock(void)
{
	pgo_gomaxprocs(8);
	for (int i = 0; i < WORKERS; i++)
		pgo_go(wait_for_ever, NULL);
	pgo_gomaxprocs(1);
	wait_for_ever(NULL);
}

static void say(void)
{
	printf("%d\n", pgo_gomaxprocs(0));
}

static void say_early(void)
{
	say();
	pgo_gomaxprocs(5);
	say();
}

static const struct mode {
	const char *name;
	void (*before)(void), (*run)(void);
} modes[] = {
	{ "follow", NULL, follow },
	{ "change", NULL, change },
	{ "early", say_early, say },
	{ "deadlock", NULL, deadlock },
};

static void start(void *arg)
{
	((const struct mode *)arg)->run();
	while (pgo_numgoroutine() > 1)
		pgo_sleep(MOMENT_NS);
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (argc != 2 || strcmp(argv[1], modes[i].name))
			continue;
		if (modes[i].before)
			modes[i].before();
		return pgo_run(start, (void *)&modes[i]) != 0;
	}
	return 2;
}
