/*
 * lib/wire/pprof_write: what goes out, once and in order.
 *
 * Started as "pprof_write --profile", it writes a profile to its output, which
 * test/interop/test_pprof.py shows to go tool pprof and protoc.
 */
#include "lib/wire/pprof.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/wire/proto.h"

static const struct pprof_mapping program = {
	.start = 0x400000, .limit = 0x500000, .offset = 0x1000,
	.file = "/usr/bin/program", .build_id = "00c0ffee",
	.has_functions = true, .has_line_numbers = true,
};
static const struct pprof_mapping library = {
	.start = 0x7f0000000000, .limit = 0x7f0000100000,
	.file = "/lib/libx.so", .build_id = "",
};
static const struct pprof_frame inlined[] = {
	{ .function = "inner", .file = "/src/a.c", .start_line = 10,
	  .line = 12 },
	{ .function = "outer(int)", .system_name = "_Z5outeri",
	  .file = "/src/a.c", .start_line = 20, .line = 33 },
};
static const struct pprof_frame main_frame = {
	.function = "main", .file = "/src/m.c", .start_line = 5, .line = 7,
};

static struct pprof_writer *w;
static struct buf out;

static int open_writer(void **state)
{
	(void)state;
	out = (struct buf){ 0 };
	w = pprof_writer_new(&out);
	return w ? 0 : -1;
}

static int close_writer(void **state)
{
	(void)state;
	pprof_writer_free(w);
	buf_release(&out);
	return 0;
}

/* Two types, two mappings, three locations, three samples. */
static void write_profile(void)
{
	const struct pprof_label labels[] = {
		{ .key = "tenant", .str = "blue" },
		{ .key = "goroutine", .num = 18, .unit = "id" },
	};
	uint64_t ids[3];

	pprof_sample_type(w, "samples", "count");
	pprof_sample_type(w, "cpu", "nanoseconds");
	pprof_period(w, "cpu", "nanoseconds", 10000000);
	pprof_time(w, 1700000000123456789, 5000000000);
	pprof_default_type(w, "cpu");
	pprof_comment(w, "first remark");
	pprof_comment(w, "second remark");
	pprof_mapping(w, &program);
	pprof_mapping(w, &library);
	ids[0] = pprof_location(w, 0x7f0000000040, 2, NULL, 0);
	ids[1] = pprof_location(w, 0x401000, 1, inlined, 2);
	ids[2] = pprof_location(w, 0x402000, 1, &main_frame, 1);
	pprof_sample(w, ids, 3, (int64_t[]){ 3, 30000000 }, 2, labels, 2);
	pprof_sample(w, ids + 1, 2, (int64_t[]){ 2, 20000000 }, 2, NULL, 0);
	pprof_sample(w, ids + 2, 1, (int64_t[]){ 0, -1 }, 2, labels, 1);
}

/* How often the profile has a field, and the last of them. */
static size_t count(uint32_t field, struct proto_field *last)
{
	struct proto_in in = proto_in(out.data, out.len);
	struct proto_field f;
	size_t n = 0;

	while (proto_next(&in, &f) == 1) {
		if (f.number != field)
			continue;
		*last = f;
		n++;
	}
	assert_ptr_equal(in.at, in.end);
	return n;
}

/* The string of an index: the index-th entry. */
static bool string_is(uint64_t index, const char *want)
{
	struct proto_in in = proto_in(out.data, out.len);
	struct proto_field f;

	while (proto_next(&in, &f) == 1)
		if (f.number == 6 && index-- == 0)
			return proto_left(&f.bytes) == strlen(want) &&
			       memcmp(f.bytes.at, want, strlen(want)) == 0;
	return false;
}

static uint64_t value_of(struct proto_in in, uint32_t field)
{
	struct proto_field f;

	while (proto_next(&in, &f) == 1)
		if (f.number == field)
			return f.value;
	return 0;
}

static void string_zero_is_empty(void **state)
{
	struct proto_field f;

	(void)state;
	assert_int_equal(pprof_finish(w), 0);
	assert_int_equal(count(6, &f), 1);
	assert_int_equal(proto_left(&f.bytes), 0);
}

static void every_part_is_there_once(void **state)
{
	struct proto_field f;

	(void)state;
	write_profile();
	assert_int_equal(pprof_finish(w), 0);
	assert_int_equal(count(1, &f), 2);
	assert_int_equal(count(2, &f), 3);
	assert_int_equal(count(3, &f), 2);
	assert_int_equal(count(4, &f), 3);
	assert_int_equal(count(5, &f), 3);
	assert_int_equal(count(9, &f), 1);
	assert_true(f.value == 1700000000123456789);
	assert_int_equal(count(10, &f), 1);
	assert_int_equal(count(11, &f), 1);
	assert_int_equal(count(12, &f), 1);
	assert_int_equal(f.value, 10000000);
	assert_int_equal(count(13, &f), 2);
	assert_true(string_is(f.value, "second remark"));
	assert_int_equal(count(14, &f), 1);
	assert_true(string_is(f.value, "cpu"));
}

static void the_first_address_decides_and_is_found(void **state)
{
	struct proto_field f;

	(void)state;
	assert_int_equal(pprof_location_find(w, 0x401000), 0);
	assert_int_equal(pprof_location(w, 0x401000, 1, inlined, 2), 1);
	assert_int_equal(pprof_location(w, 0x402000, 1, &main_frame, 1), 2);
	assert_int_equal(pprof_location(w, 0x401000, 2, &main_frame, 1), 1);
	assert_int_equal(pprof_location_find(w, 0x401000), 1);
	assert_int_equal(pprof_location_find(w, 0x402000), 2);
	assert_int_equal(pprof_location_find(w, 0x403000), 0);
	assert_int_equal(count(4, &f), 2);
}

static void functions_differ_by_name_file_and_start(void **state)
{
	struct pprof_frame frame = main_frame;
	struct proto_field f;

	(void)state;
	pprof_location(w, 1, 0, &frame, 1);
	frame.line = 99;                /* another line, the same function */
	pprof_location(w, 2, 0, &frame, 1);
	frame.system_name = "main";     /* what NULL means */
	pprof_location(w, 3, 0, &frame, 1);
	assert_int_equal(count(5, &f), 1);
	frame.start_line = 6;
	pprof_location(w, 4, 0, &frame, 1);
	frame.file = "/src/other.c";
	pprof_location(w, 5, 0, &frame, 1);
	frame.system_name = "_main";
	pprof_location(w, 6, 0, &frame, 1);
	assert_int_equal(pprof_finish(w), 0);
	assert_int_equal(count(5, &f), 4);
	assert_int_equal(value_of(f.bytes, 5), 6);
	assert_true(string_is(value_of(f.bytes, 3), "_main"));
	assert_true(string_is(value_of(f.bytes, 4), "/src/other.c"));
}

static void a_mapping_has_its_build_id(void **state)
{
	struct proto_field f;

	(void)state;
	assert_int_equal(pprof_mapping(w, &program), 1);
	assert_int_equal(pprof_finish(w), 0);
	assert_int_equal(count(3, &f), 1);
	assert_int_equal(value_of(f.bytes, 2), 0x400000);
	assert_int_equal(value_of(f.bytes, 3), 0x500000);
	assert_int_equal(value_of(f.bytes, 4), 0x1000);
	assert_true(string_is(value_of(f.bytes, 5), "/usr/bin/program"));
	assert_true(string_is(value_of(f.bytes, 6), "00c0ffee"));
	assert_int_equal(value_of(f.bytes, 7), 1);
	assert_int_equal(value_of(f.bytes, 8), 0);
	assert_int_equal(value_of(f.bytes, 9), 1);
}

static void the_same_calls_give_the_same_bytes(void **state)
{
	struct buf first;

	write_profile();
	assert_int_equal(pprof_finish(w), 0);
	first = out;
	pprof_writer_free(w);
	assert_int_equal(open_writer(state), 0);
	write_profile();
	assert_int_equal(pprof_finish(w), 0);
	assert_int_equal(out.len, first.len);
	assert_memory_equal(out.data, first.data, out.len);
	buf_release(&first);
}

static void an_output_that_is_full_is_told_at_the_end(void **state)
{
	(void)state;
	out.cap = 100;
	write_profile();
	assert_int_equal(pprof_finish(w), -EFBIG);
}

static int profile_to_stdout(void)
{
	bool ok;

	if (open_writer(NULL) < 0)
		return 1;
	write_profile();
	ok = pprof_finish(w) == 0 &&
	     fwrite(out.data, 1, out.len, stdout) == out.len &&
	     fflush(stdout) == 0;
	close_writer(NULL);
	return !ok;
}

#define WRITER_TEST(f) \
	cmocka_unit_test_setup_teardown(f, open_writer, close_writer)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WRITER_TEST(string_zero_is_empty),
		WRITER_TEST(every_part_is_there_once),
		WRITER_TEST(the_first_address_decides_and_is_found),
		WRITER_TEST(functions_differ_by_name_file_and_start),
		WRITER_TEST(a_mapping_has_its_build_id),
		WRITER_TEST(the_same_calls_give_the_same_bytes),
		WRITER_TEST(an_output_that_is_full_is_told_at_the_end),
	};

	if (argc == 2 && strcmp(argv[1], "--profile") == 0)
		return profile_to_stdout();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
