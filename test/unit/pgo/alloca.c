/*
 * alloca() and variable arrays that do not fit on a segment: right while their
 * function runs, given back when it has returned.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pgo/pgo.h>

#include "test/unit/pgo/goroutine.h"

/* Variable arrays are what is tested. */
#pragma GCC diagnostic ignored "-Wvla"

static long resident_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size = 0;
	long resident = 0;

	if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = -1;
	if (f)
		fclose(f);
	return resident * 4;
}

__attribute__((noinline)) static long sum(const char *p, size_t n)
{
	long s = 0;

	for (size_t i = 0; i < n; i++)
		s += p[i];
	return s;
}

__attribute__((noinline)) static long use_array(size_t n)
{
	char array[n];

	memset(array, 1, n);
	return sum(array, n);
}

static long grown_kib, wrong_sums;

static void call_often(void *arg)
{
	long before = resident_kib();

	(void)arg;
	for (int i = 0; i < 5000; i++)
		wrong_sums += use_array(8000) != 8000;
	grown_kib = resident_kib() - before;
}

static void arrays_of_returned_functions_are_given_back(void **state)
{
	(void)state;
	on_goroutine(call_often, NULL);
	assert_int_equal(wrong_sums, 0);
	/* 5000 of them would be 40 MB. */
	assert_in_range(grown_kib, 0, 1000);
}

enum { BLOCKS = 60, BLOCK_BYTES = 3000 };

static long wrong_blocks;

__attribute__((noinline)) static void allocate_many(void)
{
	char *p[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		p[i] = __builtin_alloca(BLOCK_BYTES);
		memset(p[i], i, BLOCK_BYTES);
		wrong_blocks += sum(p[i], BLOCK_BYTES) != (long)i * BLOCK_BYTES;
	}
	pgo_yield();
	for (int i = 0; i < BLOCKS; i++)
		wrong_blocks += sum(p[i], BLOCK_BYTES) != (long)i * BLOCK_BYTES;
}

static void allocate(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20; i++)
		allocate_many();
}

static void blocks_of_one_frame_live_as_long_as_it(void **state)
{
	(void)state;
	on_goroutine(allocate, NULL);
	assert_int_equal(wrong_blocks, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arrays_of_returned_functions_are_given_back),
		cmocka_unit_test(blocks_of_one_frame_live_as_long_as_it),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
