/*
 * balance - all goroutines begin on one P; how much they get done, and where.
 *
 * usage: balance SECONDS
 *
 * Sixty-four goroutines, started by one, do equal pieces of work.  Says how
 * many pieces were done, the CPU seconds that took, and the goroutines each P
 * stole; then waits for the end of its input, so that its threads can be
 * looked at.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "runtime/view.h"

enum { WORKERS = 64, ROUNDS = 20000 };

static _Atomic int over;
static _Atomic long pieces;
static _Atomic uint64_t sink;

static __attribute__((noipa)) uint64_t churn(uint64_t x)
{
	return (x ^ x >> 7) * 0x9e3779b97f4a7c15u;
}

static void worker(void *arg)
{
	uint64_t x = (uintptr_t)arg + 1;

	while (!atomic_load(&over)) {
		for (int i = 0; i < ROUNDS; i++)
			x = churn(x);
		atomic_fetch_add(&pieces, 1);
	}
	sink = x;
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void *print_steals(void *arg)
{
	struct view_p p;

	(void)arg;
	printf("steals");
	for (uint32_t i = 0; pgo_view_1.p(i, &p); i++)
		printf(" %llu", (unsigned long long)p.steals);
	printf("\n");
	return NULL;
}

static void start(void *arg)
{
	double begin = cpu_s();
	char c;

	for (uintptr_t i = 0; i < WORKERS; i++)
		if (pgo_go(worker, (void *)i) < 0)
			exit(1);
	pgo_sleep(atoi(arg) * 1000000000LL);
	atomic_store(&over, 1);
	while (pgo_numgoroutine() > 1)
		pgo_sleep(1000000);
	printf("pieces %ld\ncpu_s %.3f\n", atomic_load(&pieces),
	       cpu_s() - begin);
	pgo_sys((void *)print_steals, NULL);
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

int main(int argc, char **argv)
{
	return argc != 2 || pgo_run(start, argv[1]) < 0;
}
