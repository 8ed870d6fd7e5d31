/*
 * stacks - how many stacks there can be, and what becomes of goroutines that
 * need more of theirs.  Stacks are contiguous ones, or of another KIND.
 *
 * usage: stacks WAY [N [KIND]]         KIND: as PGO_STACK_*, a number
 *
 *   recurse     without end, checked by prologues
 *   unchecked   without end, code that does not check its stack
 *   unchecked N so many bytes of it, then a yield
 *   alloca N    so many bytes of a variable array in each frame, without end
 *   many N      goroutines at one time; says how many stacks could be had
 *   short N     the same with N bytes of addresses
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <pgo/pgo.h>

/* Variable arrays are what is tested. */
#pragma GCC diagnostic ignored "-Wvla"

#define APART __attribute__((noinline))
/* As foreign compilers would make it: frames that jump no guard page. */
#define UNCHECKED __attribute__((noinline, no_split_stack, \
				 optimize("stack-clash-protection")))

enum { FRAME = 1000 };

static long n;
static volatile int after;
static struct pgo_chan *done, *never;

APART static long recurse(long deep)
{
	volatile char frame[FRAME];

	frame[deep % FRAME] = 1;
	if (deep < 0)
		return 0;
	return recurse(deep + 1) + frame[deep % FRAME];
}

APART static long recurse_with_array(long deep)
{
	volatile char array[n + deep % 2];

	array[deep % n] = 1;
	if (deep < 0)
		return 0;
	return recurse_with_array(deep + 1) + array[deep % n];
}

UNCHECKED static long unchecked(long deep)
{
	volatile char frame[FRAME];

	for (int i = 0; i < FRAME; i++)
		frame[i] = 1;
	if (n && deep > n / FRAME)
		return 0;
	return unchecked(deep + 1) + frame[deep % FRAME];
}

static void overflow(void *way)
{
	if (!strcmp(way, "recurse"))
		after = (int)recurse(0);
	else if (!strcmp(way, "alloca"))
		after = (int)recurse_with_array(0);
	else
		after = (int)unchecked(0);
	pgo_yield();
	after++;
	pgo_chan_send(done, "");
}

static void park(void *arg)
{
	(void)arg;
	pgo_chan_recv(never, NULL);
}

static struct pgo_go_opts opts = {
	.size = sizeof(opts),
	.stack = PGO_STACK_CONTIGUOUS,
};

/* Until there is no memory. */
static void start_many(void)
{
	int64_t id = 0;
	long i = 0;

	while (i < n && (id = pgo_go_opts(&opts, park, NULL)) > 0)
		i++;
	pgo_yield();
	printf("%ld%s\n", i, i == n ? "" : id == -ENOMEM ? " ENOMEM" : " odd");
}

static void limit_addresses(void)
{
	struct rlimit r = { (rlim_t)n, (rlim_t)n };

	n = 1000000;
	if (setrlimit(RLIMIT_AS, &r))
		exit(1);
}

static void begin(void *arg)
{
	char *way = arg;
	char c;

	done = pgo_chan_make(1, 0);
	never = pgo_chan_make(1, 0);
	if (!strcmp(way, "short"))
		limit_addresses();
	if (!strcmp(way, "many") || !strcmp(way, "short")) {
		start_many();
		return;
	}
	/* Whose stack lies below the other's. */
	pgo_go_opts(&opts, park, NULL);
	pgo_go_opts(&opts, overflow, way);
	pgo_chan_recv(done, &c);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: stacks WAY [N [KIND]]\n");
		return 2;
	}
	n = argc > 2 ? atol(argv[2]) : 0;
	if (argc > 3)
		opts.stack = atoi(argv[3]);
	return pgo_run(begin, argv[1]) == -EINVAL;
}
