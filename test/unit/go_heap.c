/* lib/target/go/heap: buckets of a program that does not exist, and of one
 * that lies. */
#include "lib/target/go/heap.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/pprof_read.h"
#include "test/unit/cmocka_all.h"
#include "test/unit/go_fake.h"

/* Where things are, as in Go 1.26: header 48, record 128 in four of 32. */
enum { HEADER = 48, FUTURE = 32, BUCKET_MAX = 16384 };

#define RATE_AT UINT64_C(0x500000)
#define LIST_AT UINT64_C(0x500008)
#define HEAP_AT UINT64_C(0x7f0000000000)
#define END UINT64_C(0x7f0000100000)

static struct fake_space f;
static struct go go;
static struct go_heap heap;
static struct err e;

static void set_offsets(void)
{
	static const struct {
		enum go_field f;
		int32_t at;
	} row[] = {
		{ GO_BUCKET_SIZE, HEADER }, { GO_BUCKET_ALLNEXT, 8 },
		{ GO_BUCKET_TYP, 16 }, { GO_BUCKET_BYTES, 32 },
		{ GO_BUCKET_NSTK, 40 }, { GO_MEM_SIZE, 128 },
		{ GO_MEM_ACTIVE, 0 }, { GO_MEM_FUTURE, FUTURE },
		{ GO_MEM_CYCLE_SIZE, 32 }, { GO_MEM_ALLOCS, 0 },
		{ GO_MEM_FREES, 8 },
	};

	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
		go.offsets.at[row[i].f] = row[i].at;
}

static uint64_t no_mapping(void *ctx, uint64_t pc)
{
	(void)ctx;
	(void)pc;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	fake_init(&f, &go);
	set_offsets();
	fake_map(&f, RATE_AT, 4096);
	fake_map(&f, HEAP_AT, END - HEAP_AT);
	go.roots.mem_profile_rate = RATE_AT;
	go.roots.mbuckets = LIST_AT;
	fake_put(&f, RATE_AT, 512 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	go_heap_release(&heap);
	fake_release(&f, &go);
	return 0;
}

/* A bucket at HEAP_AT + AT before NEXT: DEPTH pcs in main.work, some that are
 * allocated and freed, then those of the cycle to come. */
static void bucket(uint64_t at, uint64_t next, uint64_t bytes, uint64_t depth,
		   uint64_t allocs, uint64_t frees, uint64_t coming)
{
	uint64_t b = HEAP_AT + at, record = b + HEADER + 8 * depth;

	fake_put(&f, b + 8, next);
	fake_put(&f, b + 16, 1);
	fake_put(&f, b + 32, bytes);
	fake_put(&f, b + 40, depth);
	for (uint64_t i = 0; i < depth; i++)
		fake_put(&f, b + HEADER + 8 * i, in(WORK) + i);
	fake_put(&f, record, allocs);
	fake_put(&f, record + 8, frees);
	fake_put(&f, record + FUTURE + 64, coming);
}

static int read_from(uint64_t first)
{
	fake_put(&f, LIST_AT, first);
	return go_heap_read(&heap, &go, &e);
}

static void buckets_come_with_stacks_and_counts(void **state)
{
	(void)state;
	bucket(0, 0, 64, 3, 10, 4, 7);
	bucket(BUCKET_MAX, HEAP_AT, 1024, 2, 5, 0, 0);
	assert_int_equal(read_from(HEAP_AT + BUCKET_MAX), 0);
	assert_int_equal(heap.n, 2);
	assert_int_equal(heap.rate, 512 * 1024);
	assert_int_equal(heap.buckets[0].bytes, 1024);
	assert_int_equal(heap.buckets[1].allocs, 10);
	assert_int_equal(heap.buckets[1].frees, 4);
	assert_int_equal(heap.buckets[1].depth, 3);
	assert_int_equal(heap.pcs[heap.buckets[1].first], in(WORK));
}

static void before_the_first_collection_all_cycles_count(void **state)
{
	(void)state;
	bucket(0, 0, 64, 3, 0, 0, 7);
	assert_int_equal(read_from(HEAP_AT), 0);
	assert_int_equal(heap.n, 1);
	assert_int_equal(heap.buckets[0].allocs, 7);
}

static void a_thousand_neighbours_take_few_calls(void **state)
{
	enum { N = 1000, APART = 512 };

	(void)state;
	for (uint64_t i = 0; i < N; i++)
		bucket(i * APART, i ? HEAP_AT + (i - 1) * APART : 0, 16, 8, 1,
		       0, 0);
	assert_int_equal(read_from(HEAP_AT + (N - 1) * APART), 0);
	assert_int_equal(heap.n, N);
	if (f.calls > N / 64)
		fail_msg("%zu system calls, at most %d", f.calls, N / 64);
}

static void none_is_an_empty_profile(void **state)
{
	(void)state;
	assert_int_equal(read_from(0), 0);
	assert_int_equal(heap.n, 0);
}

static void a_program_that_keeps_none_says_so(void **state)
{
	(void)state;
	fake_put(&f, RATE_AT, 0);
	assert_int_equal(read_from(0), -ENODATA);
	assert_non_null(strstr(e.text, "MemProfileRate is 0"));
	go.roots.mbuckets = 0;
	assert_int_equal(go_heap_read(&heap, &go, &e), -ENODATA);
	assert_non_null(strstr(e.text, "is not found"));
	go.roots.mbuckets = LIST_AT;
	go.offsets.at[GO_BUCKET_NSTK] = -1;
	assert_int_equal(go_heap_read(&heap, &go, &e), -ENODATA);
	assert_non_null(strstr(e.text, "is not understood"));
}

static void assert_nonsense(uint64_t first)
{
	assert_int_equal(read_from(first), -EBADMSG);
	assert_string_equal(e.text,
			    "made-up: its memory profile makes no sense");
	go_heap_release(&heap);
}

static void lies_are_nonsense(void **state)
{
	(void)state;
	assert_nonsense(HEAP_AT + 4);           /* odd */
	assert_nonsense(8);                     /* not mapped */
	assert_nonsense(UINT64_MAX - 7);
	assert_nonsense(UINT64_MAX - 65535);
	assert_nonsense(HEAP_AT);               /* of no kind */
	bucket(0, HEAP_AT, 64, 3, 1, 0, 0);     /* its own next */
	assert_nonsense(HEAP_AT);
	bucket(0, HEAP_AT, 64, 1024, 1, 0, 0);  /* and that is much */
	assert_nonsense(HEAP_AT);
	bucket(0, 0, 64, 1025, 1, 0, 0);        /* too deep */
	assert_nonsense(HEAP_AT);
	fake_put(&f, HEAP_AT + 40, UINT64_MAX / 8);
	assert_nonsense(HEAP_AT);
	bucket(0, 0, 64, 3, 1, 2, 0);           /* freed but not allocated */
	assert_nonsense(HEAP_AT);
	bucket(0, 0, UINT64_MAX, 3, 1, 0, 0);
	assert_nonsense(HEAP_AT);
	fake_put(&f, END - HEADER + 16, 1);     /* counts are not mapped */
	assert_nonsense(END - HEADER);
}

static void counts_are_scaled_and_no_number_overflows(void **state)
{
	struct pprof_writer *w;
	struct buf raw = { 0 };
	struct pprof p = { 0 };

	(void)state;
	bucket(0, 0, 512 * 1024, 3, 100, 50, 0);
	bucket(BUCKET_MAX, HEAP_AT, UINT64_C(1) << 48, 3,
	       UINT64_C(1) << 62, 0, 0);
	assert_int_equal(read_from(HEAP_AT + BUCKET_MAX), 0);
	w = pprof_writer_new(&raw);
	go_heap_write(&heap, &go, w, no_mapping, NULL);
	assert_int_equal(pprof_finish(w), 0);
	pprof_writer_free(w);
	assert_int_equal(pprof_read(&p, raw.data, raw.len, "profile", &e), 0);
	assert_int_equal(p.n_samples, 2);
	assert_int_equal(p.values[0], INT64_C(1) << 62);
	assert_int_equal(p.values[1], INT64_MAX);
	/* An object as large as the rate: of 158 that there were, 100. */
	assert_int_equal(p.values[4], 158);
	assert_int_equal(p.values[5], 82941140);
	assert_int_equal(p.values[6], 79);
	pprof_release(&p);
	buf_release(&raw);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		TEST(buckets_come_with_stacks_and_counts),
		TEST(before_the_first_collection_all_cycles_count),
		TEST(a_thousand_neighbours_take_few_calls),
		TEST(none_is_an_empty_profile),
		TEST(a_program_that_keeps_none_says_so),
		TEST(lies_are_nonsense),
		TEST(counts_are_scaled_and_no_number_overflows),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
