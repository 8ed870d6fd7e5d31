/*
 * loops - goroutines that call nothing.
 *
 * usage: loops gaps|stand|end
 *
 * gaps   one beside a goroutine that sleeps for a moment, which says the median
 *        of the times until it went on, and of what the program ran meanwhile,
 *        in ms
 * stand  four, in inner(), called by outer(); one that waits looks at them when
 *        it has had its turn, writes a dump, and then says "ready" and waits
 * end    the goroutine of main() returns while one runs
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pgo/pgo.h>

enum { GAPS = 21, LOOPS = 4, MOMENT_NS = 1000000 };

static volatile int over;
static volatile unsigned long sink;

static double now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Not cloned either: it is looked for by its name. */
static __attribute__((noinline)) void inner(unsigned long n)
{
	while (!over)
		n = n * 5 + 1;
	sink = n;
}

static __attribute__((noinline)) void outer(void *arg)
{
	inner((unsigned long)arg);
	sink++;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_size);
	return v[n / 2];
}

static void gaps(void *arg)
{
	double gap[GAPS], ran[GAPS];

	(void)arg;
	pgo_go(outer, NULL);
	for (int i = 0; i < GAPS; i++) {
		double begin = now_ms(CLOCK_MONOTONIC);
		double had = now_ms(CLOCK_PROCESS_CPUTIME_ID);

		pgo_sleep(MOMENT_NS);
		gap[i] = now_ms(CLOCK_MONOTONIC) - begin;
		ran[i] = now_ms(CLOCK_PROCESS_CPUTIME_ID) - had;
	}
	over = 1;
	printf("gap_ms %.1f ran_ms %.1f\n", median(gap, GAPS),
	       median(ran, GAPS));
}

static void stand(void *arg)
{
	(void)arg;
	for (unsigned long i = 0; i < LOOPS; i++)
		pgo_go(outer, (void *)i);
	for (int i = 0; i < 2 * LOOPS; i++)
		pgo_sleep(MOMENT_NS);
	pgo_debug_dump(2);
	printf("ready\n");
	fflush(stdout);
	getchar();
}

static void end(void *arg)
{
	(void)arg;
	pgo_go(outer, NULL);
	pgo_sleep(MOMENT_NS);
}

/* It is no trouble that some are left. */
static int run(void (*fn)(void *))
{
	int rc = pgo_run(fn, NULL);

	return rc && rc != -EBUSY;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*fn)(void *);
	} ways[] = { { "gaps", gaps }, { "stand", stand }, { "end", end } };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (argc == 2 && !strcmp(argv[1], ways[i].name))
			return run(ways[i].fn);
	fprintf(stderr, "usage: loops gaps|stand|end\n");
	return 2;
}
