/*
 * The hammer: rounds of thousands of goroutines that recurse to random depths,
 * and in random frames do what C and pgo have: every kind of frame that
 * test/matrix knows, held against the sum of a plain thread, and every talk
 * between goroutines.  Each frame's locals must be the same on the way back.
 *
 * Wrong are sums, outcomes and locals; a round that never ends (watch.c);
 * memory that grows from round to round, and descriptors that stay open.
 *
 * Environment: PGO_STRESS_SECONDS (3), HAMMER_GOROUTINES (2000), HAMMER_SEED
 * (1), HAMMER_TALKS (2; in how many of a hundred frames there is a talk),
 * HAMMER_PROCS (0; else the number of Ps changes all the time, up to so many),
 * GOMAXPROCS, PGODEBUG.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"
#include "test/stress/talks.h"
#include "test/stress/watch.h"

#ifdef __SANITIZE_ADDRESS__
#define SETTLE 40               /* what was freed is kept for a while, too */
#else
#define SETTLE 8
#endif

enum {
	SEEDS = 32,             /* of each kind, known beforehand */
	RARE_EVERY = 64,
	DESCENTS = 4,           /* of a goroutine */
	ROUNDS_MAX = 10000,
	ROUNDS_TO_JUDGE = SETTLE,       /* before memory is */
	GROWTH_PERCENT = 15,
};

static double end_time;
static uint64_t hammer_seed;
static int n_kinds, n_talks;
static unsigned talks_percent;
static uint64_t want[32][SEEDS];
static _Atomic long bad;
static struct pgo_waitgroup all;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void wrong(const char *what)
{
	atomic_fetch_add(&bad, 1);
	fprintf(stderr, "hammer: goroutine %lld: wrong: %s\n",
		(long long)pgo_goid(), what);
}

/* A goroutine -------------------------------------------------------------- */

static void try_kind(uint64_t *x)
{
	int i = (int)(draw(x) % (unsigned)n_kinds);
	unsigned seed = draw(x) % SEEDS;

	if (kinds[i].rare && draw(x) % RARE_EVERY)
		return;
	if (kinds[i].sum(seed) != want[i][seed])
		wrong(kinds[i].name);
}

static void try_talk(uint64_t *x)
{
	int i = (int)(draw(x) % (unsigned)n_talks);

	if (!talks[i].fn((uint64_t)draw(x) + 1))
		wrong(talks[i].name);
}

/* Variable arrays are on purpose: they grow the stack in mid-function. */
#pragma GCC diagnostic ignored "-Wvla"

/* One frame: locals that must be the same on the way back. */
CALLED static int frame(int depth, uint64_t *x, int id)
{
	volatile int mark[4] = { id, depth, id ^ depth, 7 };
	unsigned n = 1 + draw(x) % 64;
	char array[n];
	unsigned what = draw(x) % 100;
	int below = 0;

	memset(array, id, n);
	atomic_fetch_add_explicit(&watch_progress, 1, memory_order_relaxed);
	if (what < 5)
		pgo_yield();
	else if (what < 12)
		try_kind(x);
	else if (what < 12 + talks_percent)
		try_talk(x);
	if (depth > 0)
		below = frame(depth - 1, x, id) + 1;
	if (what > 96)
		pgo_yield();
	if (mark[0] != id || mark[1] != depth || mark[2] != (id ^ depth) ||
	    mark[3] != 7)
		wrong("locals");
	for (unsigned i = 0; i < n; i++)
		if (array[i] != (char)id)
			wrong("variable array");
	return below;
}

static void worker(void *arg)
{
	int id = (int)(intptr_t)arg;
	uint64_t x = hammer_seed * 1000003 + (uint64_t)id * 77;
	int64_t self = pgo_goid();

	for (int i = 0; i < DESCENTS; i++) {
		bool deep = draw(&x) % 200 == 0;
		int depth = (int)(deep ? 400 + draw(&x) % 1500 :
				  draw(&x) % 40);

		if (frame(depth, &x, id) != depth)
			wrong("depth");
		if (self != pgo_goid())
			wrong("identity");
		pgo_yield();
	}
	pgo_waitgroup_done(&all);
}

/* Rounds ------------------------------------------------------------------- */

static long setting(const char *name, long otherwise)
{
	const char *s = getenv(name);

	return s ? atol(s) : otherwise;
}

static void round_of(int n)
{
	pgo_waitgroup_add(&all, n);
	for (int i = 1; i <= n; i++)
		if (pgo_go(worker, (void *)(intptr_t)i) < 0) {
			wrong("pgo_go");
			pgo_waitgroup_done(&all);
		}
	pgo_waitgroup_wait(&all);
	if (!talks_add_up())
		wrong("what all share");
}

/* The most of some rounds, or the least. */
static long extreme(const long *kib, int n, bool most)
{
	long v = kib[0];

	for (int i = 1; i < n; i++)
		if (most ? kib[i] > v : kib[i] < v)
			v = kib[i];
	return v;
}

/* What is kept for later use was kept in the first half already; by chance a
 * round takes more than others, but not all of the last quarter. */
static void judge(const long *kib, const long *fds, int n)
{
	int half = (n + 1) / 2, last = n - (n + 3) / 4;
	long early = extreme(kib, half, true);
	long late = extreme(kib + last, n - last, false);
	long early_fds = extreme(fds, half, true);
	long late_fds = extreme(fds + last, n - last, false);

	if (n >= ROUNDS_TO_JUDGE && late > early + early * GROWTH_PERCENT / 100)
		wrong("memory grows");
	if (n >= ROUNDS_TO_JUDGE && late_fds > early_fds)
		wrong("descriptors stay open");
	printf("hammer: %ld frames in %d rounds, %ld then %ld MiB, %ld then "
	       "%ld descriptors, %ld wrong\n", watch_progress, n, early >> 10,
	       late >> 10, early_fds, late_fds, bad);
}

static void run(void *arg)
{
	static long kib[ROUNDS_MAX];
	static long fds[ROUNDS_MAX];
	int n = (int)setting("HAMMER_GOROUTINES", 2000);
	int rounds = 0;

	(void)arg;
	talks_begin();
	do {
		round_of(n);
		kib[rounds] = watch_resident_kib();
		fds[rounds++] = watch_descriptors();
		hammer_seed++;
	} while (now() < end_time && rounds < ROUNDS_MAX);
	judge(kib, fds, rounds);
}

/* On a plain thread, for as long as there is one. */
static void *change_procs(void *arg)
{
	uint64_t x = hammer_seed;
	long most = *(long *)arg;

	for (;;) {
		pgo_gomaxprocs(1 + (int)(draw(&x) % (unsigned)most));
		usleep(draw(&x) % 3000);
	}
	return NULL;
}

static void *know_the_sums(void *arg)
{
	(void)arg;
	for (; kinds[n_kinds].name; n_kinds++)
		for (unsigned i = 0; i < SEEDS; i++)
			want[n_kinds][i] = kinds[n_kinds].sum(i);
	while (talks[n_talks].name)
		n_talks++;
	return NULL;
}

int main(void)
{
	static long procs;
	pthread_t thread;
	int rc;

	end_time = now() + (double)setting("PGO_STRESS_SECONDS", 3);
	hammer_seed = (uint64_t)setting("HAMMER_SEED", 1);
	if (pthread_create(&thread, NULL, know_the_sums, NULL) ||
	    pthread_join(thread, NULL))
		return 1;
	talks_percent = (unsigned)setting("HAMMER_TALKS", 2);
	procs = setting("HAMMER_PROCS", 0);
	if (procs && pthread_create(&thread, NULL, change_procs, &procs))
		return 1;
	watch_begin();
	rc = pgo_run(run, NULL);
	if (rc && rc != -EBUSY) {
		fprintf(stderr, "hammer: pgo_run: %s\n", strerror(-rc));
		return 1;
	}
	/* The runner's words, without cmocka: a program that links libc alone
	 * has the small first segments. */
	printf("[  %s  ] 1 test(s).\n", bad ? "FAILED" : "PASSED");
	return bad != 0;
}
