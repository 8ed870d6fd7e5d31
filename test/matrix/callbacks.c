/* libc calls back: into code that goes deep, that yields, that calls libc. */
#define _GNU_SOURCE
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

struct job {
	uint64_t calls;
	int depth;
};

CALLED static int deep(int depth, int n)
{
	volatile char frame[180];

	frame[depth % 180] = (char)n;
	return depth ? deep(depth - 1, n) + frame[depth % 180] - (char)n : n;
}

static int compare(const void *a, const void *b, void *arg)
{
	struct job *job = arg;
	int x = *(const int *)a, y = *(const int *)b;

	/* Rarely: a thread waits with the goroutine. */
	if (++job->calls % 64 == 7)
		pgo_yield();
	return deep(job->depth, x) - deep(job->depth, y);
}

static int compare_by_sorting(const void *a, const void *b, void *arg)
{
	struct job *job = arg;
	int v[5] = { 3, *(const int *)a, 9, 1, *(const int *)b };
	struct job inner = { 0, job->depth };

	job->calls++;
	qsort_r(v, 5, sizeof(v[0]), compare, &inner);
	return *(const int *)a - *(const int *)b;
}

static uint64_t sum_of(const int *v, int n)
{
	uint64_t sum = 1;

	for (int i = 0; i < n; i++)
		sum = mix(sum, (uint64_t)v[i]);
	return sum;
}

static int by_value(const void *a, const void *b)
{
	return *(const int *)a < *(const int *)b ? -1 :
	       *(const int *)a > *(const int *)b;
}

uint64_t sum_callbacks(uint64_t seed)
{
	struct job job = { 0, (int)(seed % 12) };
	int v[40], few[6], key;
	uint64_t sum;

	for (int i = 0; i < 40; i++)
		v[i] = (int)(draw(&seed) % 500);
	memcpy(few, v, sizeof(few));
	key = v[7];
	qsort_r(v, 40, sizeof(v[0]), compare, &job);
	sum = sum_of(v, 40);
	qsort_r(few, 6, sizeof(few[0]), compare_by_sorting, &job);
	sum = mix(sum, sum_of(few, 6));
	return mix(sum, bsearch(&key, v, 40, sizeof(v[0]), by_value) != NULL);
}
