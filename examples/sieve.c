/*
 * sieve - prime numbers, by a goroutine for each.
 *
 * usage: sieve [COUNT]    100
 *
 * A generator counts upwards from 2.  The first number that comes through is a
 * prime, and gets a filter of its own behind all others, which passes on what
 * the prime does not divide.  Nothing but channels: COUNT goroutines in a row,
 * two switches for every number that passes one of them.
 *
 *     time GOMAXPROCS=1 sieve 2000    what a switch costs, some million times
 *     SCHEDTRACE=1000 sieve 5000      who works, who waits, a line a second
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

struct filter {
	long prime;
	struct pgo_chan *in, *out;
};

static long count = 100;

static void generate(void *arg)
{
	for (long i = 2; ; i++)
		pgo_chan_send(arg, &i);
}

static void filter(void *arg)
{
	struct filter f = *(struct filter *)arg;
	long i;

	free(arg);
	for (;;) {
		pgo_chan_recv(f.in, &i);
		if (i % f.prime)
			pgo_chan_send(f.out, &i);
	}
}

/* What IN brings and PRIME does not divide. */
static struct pgo_chan *filtered(struct pgo_chan *in, long prime)
{
	struct filter *f = malloc(sizeof(*f));
	struct pgo_chan *out = pgo_chan_make(sizeof(long), 0);

	if (f)
		*f = (struct filter){ prime, in, out };
	if (!f || !out || pgo_go(filter, f) < 0) {
		fprintf(stderr, "sieve: no memory for filter %ld\n", prime);
		exit(1);
	}
	return out;
}

static void start(void *arg)
{
	struct pgo_chan *numbers = pgo_chan_make(sizeof(long), 0);
	long prime;

	(void)arg;
	pgo_go(generate, numbers);
	for (long i = 0; i < count; i++) {
		pgo_chan_recv(numbers, &prime);
		printf("%ld\n", prime);
		numbers = filtered(numbers, prime);
	}
}

int main(int argc, char **argv)
{
	int rc, help = argc == 2 && !strcmp(argv[1], "--help");
	char *end = NULL;

	if (argc == 2)
		count = strtol(argv[1], &end, 10);
	if (argc > 2 || (end && *end) || count < 1 || count > 100000) {
		fprintf(help ? stdout : stderr,
			"usage: sieve [COUNT]    1 to 100000; 100\n");
		return help ? 0 : 2;
	}
	rc = pgo_run(start, NULL);
	/* The generator and the filters never end: -EBUSY. */
	return rc && rc != -EBUSY;
}
