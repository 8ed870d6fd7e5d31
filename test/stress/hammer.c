/*
 * The migration hammer: thousands of goroutines recurse to random depths with
 * every kind of argument, yield at random frames, call libc in between, and
 * check every value on the way back.
 *
 * Environment: PGO_STRESS_SECONDS (3), HAMMER_GOROUTINES (2000), HAMMER_DEPTH
 * (1900 frames of about 600 bytes, 300 where PGODEBUG has stack=contiguous),
 * GOMAXPROCS.
 */
#include <errno.h>
#include <immintrin.h>
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pgo/pgo.h>

static double end_time;
static long deepest;
static _Atomic long bad, frames, rounds;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void wrong(const char *what)
{
	atomic_fetch_add(&bad, 1);
	fprintf(stderr, "hammer: wrong: %s\n", what);
}

static unsigned draw(uint64_t *x)
{
	*x = *x * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(*x >> 33);
}

/* Calls whose arguments must survive growth and preemption ---------------- */

__attribute__((noinline)) static long mixed_sum(int n, ...)
{
	double d = 0;
	long s = 0;
	va_list a;

	va_start(a, n);
	for (int i = 0; i < n; i++) {
		s += va_arg(a, long);
		d += va_arg(a, double);
	}
	va_end(a);
	return s * 1000 + (long)d;
}

__attribute__((noinline)) static double
many(double a, double b, double c, double d, double e, double f, double g,
     double h, double i, double j, long k, long l, long m, long n, long o,
     long p, long q, long r)
{
	char pad[300];

	pad[k & 255] = 1;
	__asm__ volatile("" : : "r"(pad) : "memory");
	return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h +
	       9 * i + 10 * j + (double)(k + 2 * l + 3 * m + 4 * n + 5 * o +
					 6 * p + 7 * q + 8 * r);
}

__attribute__((noinline, target("avx"))) static __m256d
wide(__m256d a, __m256d b, __m256d c, __m256d d, __m256d e, __m256d f,
     __m256d g, __m256d h)
{
	char pad[700];

	__asm__ volatile("" : : "r"(pad) : "memory");
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8;
}

__attribute__((target("avx"))) static void try_wide(void)
{
	__m256d one = _mm256_set1_pd(1);
	__m256d v = wide(one, one + one, one, one, one, one, one,
			 _mm256_set_pd(4, 3, 2, 1));
	double q[4];

	_mm256_storeu_pd(q, v);
	for (int i = 0; i < 4; i++)
		if (q[i] != 30 + 8 * (i + 1))
			wrong("ymm arguments");
}

__attribute__((noinline, target("avx512f"))) static __m512d
widest(__m512d a, __m512d b, __m512d c, __m512d d, __m512d e, __m512d f,
       __m512d g, __m512d h)
{
	char pad[900];

	__asm__ volatile("" : : "r"(pad) : "memory");
	return a + b * 2 + c * 3 + d * 4 + e * 5 + f * 6 + g * 7 + h * 8;
}

__attribute__((target("avx512f"))) static void try_widest(void)
{
	__m512d one = _mm512_set1_pd(1);
	__m512d v = widest(one, one + one, one, one, one, one, one,
			   _mm512_set_pd(8, 7, 6, 5, 4, 3, 2, 1));
	double q[8];

	_mm512_storeu_pd(q, v);
	for (int i = 0; i < 8; i++)
		if (q[i] != 30 + 8 * (i + 1))
			wrong("zmm arguments");
}

struct big {
	long v[9];
};

__attribute__((noinline)) static struct big add(struct big x, long k)
{
	for (int i = 0; i < 9; i++)
		x.v[i] += k;
	return x;
}

static void try_struct(long id)
{
	struct big s = { { 1, 2, 3, 4, 5, 6, 7, 8, 9 } };

	s = add(s, id);
	for (int i = 0; i < 9; i++)
		if (s.v[i] != i + 1 + id)
			wrong("struct by value");
}

/* libc -------------------------------------------------------------------- */

static void try_printf(long id, long d)
{
	char got[128];
	char want[128];
	int n = snprintf(got, sizeof(got), "%ld %ld %s %.3f %Lf %d %d %.1f",
			 id, d, "xyz", .125, 2.5L, 5, 6, 9.5);

	sprintf(want, "%ld %ld xyz 0.125 2.500000 5 6 9.5", id, d);
	if (n != (int)strlen(want) || strcmp(got, want))
		wrong("snprintf");
}

static void try_errno(long id)
{
	char *end;

	errno = 0;
	strtol("99999999999999999999", &end, 10);
	if (errno != ERANGE)
		wrong("errno set by libc");
	errno = 1000 + (int)(id % 1000);
	pgo_yield();
	if (errno != 1000 + (int)(id % 1000))
		wrong("errno over a yield");
}

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static int compare_and_yield(const void *a, const void *b)
{
	pgo_yield();
	return compare(a, b);
}

static void try_qsort(bool yield)
{
	int v[24];

	for (int i = 0; i < 24; i++)
		v[i] = (i * 7 + 3) % 24;
	qsort(v, 24, sizeof(v[0]), yield ? compare_and_yield : compare);
	for (int i = 0; i < 24; i++)
		if (v[i] != i)
			wrong("qsort");
}

static void try_malloc(size_t n)
{
	char *p = malloc(n);

	memset(p, 0x5a, n);
	pgo_yield();
	if (p[0] != 0x5a || p[n - 1] != 0x5a)
		wrong("malloc over a yield");
	free(p);
}

static void try_long_double(void)
{
	long double s = sinl(0.5L) + powl(2.0L, 3.0L);

	if (fabsl(s - 8.479425538604203L) > 1e-12L)
		wrong("long double");
}

static void try_one(unsigned kind, long id, long depth)
{
	if (kind < 4)
		pgo_yield();
	else if (kind < 8 &&
		 mixed_sum(12, 1L, .5, 2L, .5, 3L, .5, 4L, .5, 5L, .5, 6L, .5,
			   7L, .5, 8L, .5, 9L, .5, 10L, .5, 11L, .5, id,
			   .5) != (66 + id) * 1000 + 6)
		wrong("variadic arguments");
	else if (kind >= 8 && kind < 12 &&
		 many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8) !=
			 385 + 204)
		wrong("arguments on the stack");
	else if (kind >= 12 && kind < 14 && __builtin_cpu_supports("avx"))
		try_wide();
	else if (kind >= 14 && kind < 16 && __builtin_cpu_supports("avx512f"))
		try_widest();
	else if (kind >= 16 && kind < 19)
		try_printf(id, depth);
	else if (kind >= 19 && kind < 21)
		try_errno(id);
	else if (kind >= 21 && kind < 23)
		try_struct(id);
	else if (kind == 23)
		try_qsort(id % 500 == 0 && depth % 16 == 0);
	else if (kind == 24)
		try_malloc(100 + (size_t)depth);
	else if (kind == 25)
		try_long_double();
}

/* Variable arrays are on purpose: they grow the stack in mid-function. */
#pragma GCC diagnostic ignored "-Wvla"

/* One frame: locals that must be the same on the way back. */
__attribute__((noinline)) static long frame(long depth, uint64_t *x, long id)
{
	volatile long mark[4] = { id, depth, id ^ depth, 7 };
	unsigned n = 1 + draw(x) % 64;
	char array[n];
	unsigned kind = draw(x) % 100;
	long below = 0;

	memset(array, (int)id, n);
	atomic_fetch_add_explicit(&frames, 1, memory_order_relaxed);
	try_one(kind, id, depth);
	if (depth > 0)
		below = frame(depth - 1, x, id) + 1;
	if (kind > 96)
		pgo_yield();
	if (mark[0] != id || mark[1] != depth || mark[2] != (id ^ depth) ||
	    mark[3] != 7)
		wrong("locals");
	for (unsigned i = 0; i < n; i++)
		if (array[i] != (char)id)
			wrong("variable array");
	return below;
}

static struct pgo_waitgroup all;

static void worker(void *arg)
{
	long id = (long)(intptr_t)arg;
	uint64_t x = (uint64_t)id * 77 + 1;
	int64_t self = pgo_goid();

	while (now() < end_time) {
		bool deep = draw(&x) % 100 < 3;
		long depth = draw(&x) % (deep ? deepest : 60);

		if (frame(depth, &x, id) != depth)
			wrong("depth");
		if (self != pgo_goid())
			wrong("identity");
		atomic_fetch_add(&rounds, 1);
		pgo_yield();
	}
	pgo_waitgroup_done(&all);
}

static long setting(const char *name, long otherwise)
{
	const char *s = getenv(name);

	return s ? atol(s) : otherwise;
}

static void run(void *arg)
{
	long n = setting("HAMMER_GOROUTINES", 2000);

	(void)arg;
	pgo_waitgroup_add(&all, (int)n);
	for (long i = 1; i <= n; i++)
		if (pgo_go(worker, (void *)(intptr_t)i) < 0)
			wrong("pgo_go");
	pgo_waitgroup_wait(&all);
}

int main(void)
{
	const char *debug = getenv("PGODEBUG");
	bool fixed = debug && strstr(debug, "stack=contiguous");

	deepest = setting("HAMMER_DEPTH", fixed ? 300 : 1900);
	end_time = now() + (double)setting("PGO_STRESS_SECONDS", 3);
	if (pgo_run(run, NULL)) {
		fprintf(stderr, "hammer: pgo_run failed\n");
		return 1;
	}
	printf("hammer: %ld frames checked in %ld rounds, %ld wrong\n", frames,
	       rounds, bad);
	/* The runner's words, without cmocka: a program that links libc alone
	 * has the small first segments. */
	printf("[  %s  ] 1 test(s).\n", bad ? "FAILED" : "PASSED");
	return bad != 0;
}
