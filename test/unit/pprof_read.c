/*
 * lib/wire/pprof_read: what was written is read, and what is broken refused.
 *
 * Started as "pprof_read FILE", it prints what the profile holds, by which
 * test/interop/test_pprof.py compares what go tool pprof wrote.
 */
#include "lib/wire/pprof_read.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/wire/gzip.h"
#include "lib/wire/proto.h"

static struct buf file;                 /* a profile with all there is */
static struct pprof p;
static struct err e;

static const struct pprof_frame frames[] = {
	{ .function = "inner", .file = "/src/a.c", .start_line = 10,
	  .line = 12 },
	{ .function = "outer", .system_name = "_Z5outeri", .file = "/src/a.c",
	  .start_line = 20, .line = -33 },
};

static int write_file(void **state)
{
	const struct pprof_label labels[] = {
		{ .key = "tenant", .str = "blue" },
		{ .key = "goroutine", .num = -18, .unit = "id" },
	};
	struct pprof_writer *w = pprof_writer_new(&file);
	uint64_t ids[3];
	int rc;

	(void)state;
	pprof_sample_type(w, "samples", "count");
	pprof_sample_type(w, "cpu", "nanoseconds");
	pprof_period(w, "cpu", "nanoseconds", 10000000);
	pprof_time(w, 1700000000000000000, 5000000000);
	pprof_default_type(w, "cpu");
	pprof_comment(w, "a remark");
	pprof_mapping(w, &(struct pprof_mapping){
		.start = 0x400000, .limit = 0x500000, .offset = 0x1000,
		.file = "/bin/program", .build_id = "c0ffee",
		.has_functions = true, .has_inline_frames = true });
	ids[0] = pprof_location(w, 0x401000, 1, frames, 2);
	ids[1] = pprof_location(w, 0x402000, 1, frames + 1, 1);
	ids[2] = pprof_location(w, 0xffffffffff600000, 0, NULL, 0);
	pprof_sample(w, ids, 3, (int64_t[]){ 3, 30000000 }, 2,
		     labels, 2);
	pprof_sample(w, ids + 1, 1, (int64_t[]){ INT64_MIN, -1 }, 2,
		     NULL, 0);
	pprof_sample(w, NULL, 0, (int64_t[]){ 0, 0 }, 2, labels + 1, 1);
	rc = pprof_finish(w);
	pprof_writer_free(w);
	return rc;
}

static int drop_file(void **state)
{
	(void)state;
	buf_release(&file);
	return 0;
}

/* From memory that ends where the profile does, for asan's sake. */
static int read_exact(const void *data, size_t n)
{
	char *exact = malloc(n ? n : 1);
	int rc;

	assert_non_null(exact);
	if (n)
		memcpy(exact, data, n);
	e.text[0] = 0;
	rc = pprof_read(&p, exact, n, "x.pb", &e);
	free(exact);
	return rc;
}

static void check_contents(void)
{
	assert_int_equal(p.n_types, 2);
	assert_string_equal(p.types[1].unit, "nanoseconds");
	assert_string_equal(p.period_type.type, "cpu");
	assert_int_equal(p.period, 10000000);
	assert_true(p.time_ns == 1700000000000000000);
	assert_true(p.duration_ns == 5000000000);
	assert_string_equal(p.default_type, "cpu");
	assert_int_equal(p.n_comments, 1);
	assert_string_equal(p.comments[0], "a remark");
	assert_int_equal(p.n_mappings, 1);
	assert_int_equal(p.mappings[0].offset, 0x1000);
	assert_string_equal(p.mappings[0].file, "/bin/program");
	assert_string_equal(p.mappings[0].build_id, "c0ffee");
	assert_true(p.mappings[0].has_functions);
	assert_false(p.mappings[0].has_filenames);
	assert_true(p.mappings[0].has_inline_frames);
}

static void check_places(void)
{
	const struct pprof_location *l = p.locations;

	assert_int_equal(p.n_locations, 3);
	assert_int_equal(p.n_functions, 2);
	assert_int_equal(p.n_lines, 3);
	assert_int_equal(l[0].address, 0x401000);
	assert_int_equal(l[0].n_lines, 2);
	assert_int_equal(l[1].mapping, 0);
	assert_true(l[2].address == 0xffffffffff600000);
	assert_int_equal(l[2].mapping, PPROF_NONE);
	assert_int_equal(l[2].n_lines, 0);
	assert_int_equal(p.lines[l[0].line].line, 12);
	assert_int_equal(p.lines[l[1].line].line, -33);
	assert_int_equal(p.lines[l[1].line].function, 1);
	assert_string_equal(p.functions[0].name, "inner");
	assert_string_equal(p.functions[0].system_name, "inner");
	assert_string_equal(p.functions[1].system_name, "_Z5outeri");
	assert_string_equal(p.functions[1].file, "/src/a.c");
	assert_int_equal(p.functions[1].start_line, 20);
}

static void check_samples(void)
{
	const struct pprof_sample *s = p.samples;

	assert_int_equal(p.n_samples, 3);
	assert_int_equal(p.n_values, 6);
	assert_int_equal(s[0].n_stack, 3);
	assert_int_equal(p.stack[s[0].stack + 2], 2);
	assert_int_equal(s[1].n_stack, 1);
	assert_int_equal(p.stack[s[1].stack], 1);
	assert_int_equal(s[2].n_stack, 0);
	assert_int_equal(p.values[1], 30000000);
	assert_true(p.values[2] == INT64_MIN);
	assert_int_equal(s[0].n_labels, 2);
	assert_int_equal(s[1].n_labels, 0);
	assert_string_equal(p.labels[s[0].label].str, "blue");
	assert_null(p.labels[s[2].label].str);
	assert_string_equal(p.labels[s[2].label].key, "goroutine");
	assert_int_equal(p.labels[s[2].label].num, -18);
	assert_string_equal(p.labels[s[2].label].unit, "id");
}

static void what_was_written_is_read(void **state)
{
	(void)state;
	assert_int_equal(read_exact(file.data, file.len), 0);
	check_contents();
	check_places();
	check_samples();
	pprof_release(&p);
}

static void gzip_makes_no_difference(void **state)
{
	struct buf z = { 0 };

	(void)state;
	assert_int_equal(gzip_deflate(&z, file.data, file.len), 0);
	assert_int_equal(read_exact(z.data, z.len), 0);
	check_contents();
	check_samples();
	pprof_release(&p);
	assert_int_equal(read_exact(z.data, z.len - 1), -EBADMSG);
	assert_string_equal(e.text, "x.pb: not a valid profile: damaged gzip "
				    "(is it whole?)");
	assert_int_equal(p.n_strings, 0);
	buf_release(&z);
}

/* Fields the other way round, so that every reference points forwards. */
static void the_order_of_fields_makes_no_difference(void **state)
{
	struct proto_in in = proto_in(file.data, file.len);
	struct buf back = { 0 };
	const uint8_t *at;
	struct proto_field f;

	(void)state;
	for (uint32_t number = 1; number < 15; number++) {
		in = proto_in(file.data, file.len);
		for (at = in.at; proto_next(&in, &f) == 1; at = in.at)
			if (f.number == number)
				buf_put(&back, at, (size_t)(in.at - at));
	}
	assert_int_equal(back.len, file.len);
	assert_memory_not_equal(back.data, file.data, back.len);
	assert_int_equal(read_exact(back.data, back.len), 0);
	check_contents();
	check_places();
	check_samples();
	pprof_release(&p);
	buf_release(&back);
}

/* Small files by hand ----------------------------------------------------- */

static struct buf b;

static int clear(void **state)
{
	(void)state;
	buf_release(&b);
	memset(&p, 0, sizeof(p));
	return 0;
}

static int forget(void **state)
{
	(void)state;
	pprof_release(&p);
	buf_release(&b);
	return 0;
}

/* FIELD with a message of N numbers, whose fields are in FIELDS. */
static void message(uint32_t field, const uint64_t (*fields)[2], size_t n)
{
	struct buf m = { 0 };

	for (size_t i = 0; i < n; i++)
		proto_uint(&m, (uint32_t)fields[i][0], fields[i][1]);
	proto_message(&b, field, &m);
	buf_release(&m);
}

#define MESSAGE(field, ...) \
	message(field, (const uint64_t[][2]){ __VA_ARGS__ }, \
		sizeof((const uint64_t[][2]){ __VA_ARGS__ }) / 16)

/* Strings "", "a", "b"; a type. */
static void head(void)
{
	proto_bytes(&b, 6, "", 0);
	proto_bytes(&b, 6, "a", 1);
	proto_bytes(&b, 6, "b", 1);
	MESSAGE(1, { 1, 1 }, { 2, 2 });
}

static int read_b(void)
{
	return read_exact(b.data, b.len);
}

static void refused(const char *why)
{
	assert_int_equal(read_b(), -EBADMSG);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" says nothing of \"%s\"", e.text, why);
	assert_null(p.samples);
	assert_null(p.text);
	buf_reset(&b);
}

static void lists_may_be_unpacked_or_both(void **state)
{
	struct buf m = { 0 };

	(void)state;
	head();
	MESSAGE(1, { 1, 2 }, { 2, 1 });
	MESSAGE(4, { 1, 7 }, { 3, 0x10 });
	MESSAGE(4, { 1, 1000 }, { 3, 0x20 });
	proto_uint(&m, 2, 41);
	proto_uint(&m, 1, 1000);
	proto_packed(&m, 1, (uint64_t[]){ 7, 7 }, 2);
	proto_packed(&m, 2, (uint64_t[]){ 42 }, 1);
	proto_message(&b, 2, &m);
	assert_int_equal(read_b(), 0);
	assert_int_equal(p.samples[0].n_stack, 3);
	assert_int_equal(p.stack[0], 1);
	assert_int_equal(p.stack[2], 0);
	assert_int_equal(p.values[0], 41);
	assert_int_equal(p.values[1], 42);
	buf_release(&m);
}

static void fields_of_the_future_are_passed_over(void **state)
{
	(void)state;
	head();
	proto_uint(&b, 900, 5);
	proto_bytes(&b, 15, "http://", 7);
	proto_bytes(&b, 20, "\xff\xff", 2);
	MESSAGE(4, { 1, 7 }, { 3, 0x10 }, { 5, 1 }, { 77, 1 });
	MESSAGE(2, { 1, 7 }, { 2, 1 });
	assert_int_equal(read_b(), 0);
	assert_int_equal(p.n_samples, 1);
}

static void references_must_lead_somewhere(void **state)
{
	(void)state;
	head();
	MESSAGE(2, { 1, 7 }, { 2, 1 });
	refused("an id of nothing");
	head();
	MESSAGE(2, { 1, 0 }, { 2, 1 });
	refused("an id of nothing");
	head();
	MESSAGE(4, { 1, 1 }, { 2, 9 });
	refused("an id of nothing");
	head();
	MESSAGE(5, { 1, 1 }, { 2, 3 });
	refused("a string beyond the table");
	head();
	proto_uint(&b, 14, UINT64_MAX);
	refused("a string beyond the table");
	head();
	MESSAGE(5, { 1, 0 });
	refused("an id of 0");
	head();
	MESSAGE(3, { 1, 4 });
	MESSAGE(3, { 1, 4 });
	refused("an id given twice");
}

static void samples_must_fit_their_types(void **state)
{
	(void)state;
	head();
	MESSAGE(2, { 2, 1 }, { 2, 1 });
	refused("a value of each type");
	head();
	MESSAGE(2, { 1, 1 });
	MESSAGE(4, { 1, 1 });
	refused("a value of each type");
	proto_bytes(&b, 6, "", 0);
	MESSAGE(4, { 1, 1 });
	MESSAGE(2, { 1, 1 });
	refused("a value of each type");
}

static void what_is_no_profile_is_refused(void **state)
{
	(void)state;
	refused("it is empty");
	proto_bytes(&b, 6, "x", 1);
	refused("string 0 is not empty");
	proto_uint(&b, 6, 1);
	refused("another type");
	head();
	proto_bytes(&b, 9, "x", 1);
	refused("another type");
	buf_put_str(&b, "heap profile: 1: 2 [3: 4] @ heap/524288\n");
	refused("");
	head();
	proto_bytes(&b, 2, "\x12\x01\x80", 3);
	refused("a list that is cut off");
}

static void more_than_the_caps_is_refused(void **state)
{
	(void)state;
	head();
	for (int i = 1; i < PPROF_TYPES_MAX; i++)
		MESSAGE(1, { 1, 1 }, { 2, 2 });
	assert_int_equal(read_b(), 0);
	assert_int_equal(p.n_types, PPROF_TYPES_MAX);
	pprof_release(&p);
	MESSAGE(1, { 1, 1 }, { 2, 2 });
	assert_int_equal(read_b(), -EFBIG);
	assert_null(p.types);
}

static void a_table_of_strings_may_be_missing(void **state)
{
	(void)state;
	MESSAGE(1, { 1, 0 }, { 2, 0 });
	MESSAGE(2, { 2, 5 });
	assert_int_equal(read_b(), 0);
	assert_string_equal(p.types[0].type, "");
	assert_int_equal(p.values[0], 5);
}

/* Damage ------------------------------------------------------------------- */

static void a_file_cut_off_anywhere_is_read_or_refused(void **state)
{
	size_t refusals = 0;

	(void)state;
	for (size_t n = 0; n < file.len; n++) {
		if (read_exact(file.data, n) < 0) {
			refusals++;
			assert_int_equal(e.code, -EBADMSG);
		}
		pprof_release(&p);
	}
	assert_true(refusals > file.len / 2);
}

/* All that readers follow without asking. */
static void check_references(void)
{
	for (size_t i = 0; i < p.n_samples; i++) {
		assert_in_range(p.samples[i].stack + p.samples[i].n_stack,
				0, p.n_stack);
		assert_in_range(p.samples[i].label + p.samples[i].n_labels,
				0, p.n_labels);
	}
	for (size_t i = 0; i < p.n_stack; i++)
		assert_true(p.stack[i] < p.n_locations);
	for (size_t i = 0; i < p.n_locations; i++)
		assert_in_range(p.locations[i].line + p.locations[i].n_lines,
				0, p.n_lines);
	for (size_t i = 0; i < p.n_lines; i++)
		assert_true(p.lines[i].function == PPROF_NONE ||
			    p.lines[i].function < p.n_functions);
	for (size_t i = 0; i < p.n_functions; i++)
		assert_true(strlen(p.functions[i].name) <= file.len);
	assert_int_equal(p.n_values, p.n_types * p.n_samples);
}

static void a_changed_byte_is_read_as_valid_or_refused(void **state)
{
	size_t refusals = 0;
	uint8_t kept;

	(void)state;
	for (size_t i = 0; i < file.len; i++) {
		kept = file.data[i];
		for (int c = 0; c < 256; c++) {
			file.data[i] = (uint8_t)c;
			if (read_exact(file.data, file.len) < 0)
				refusals++;
			else
				check_references();
			pprof_release(&p);
		}
		file.data[i] = kept;
	}
	assert_true(refusals > file.len);
}

static int print_file(const char *path)
{
	static char data[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (!f)
		return 1;
	n = fread(data, 1, sizeof(data), f);
	fclose(f);
	if (pprof_read(&p, data, n, path, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	for (size_t i = 0; i < p.n_mappings; i++)
		printf("mapping %s %s\n", p.mappings[i].file,
		       p.mappings[i].build_id);
	for (size_t i = 0; i < p.n_functions; i++)
		printf("function %s %s:%ld\n", p.functions[i].name,
		       p.functions[i].file, (long)p.functions[i].start_line);
	for (size_t i = 0; i < p.n_samples; i++)
		printf("sample %ld %u deep, %u labels\n",
		       (long)p.values[i * p.n_types], p.samples[i].n_stack,
		       p.samples[i].n_labels);
	pprof_release(&p);
	return 0;
}

#define HAND_TEST(f) cmocka_unit_test_setup_teardown(f, clear, forget)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(gzip_makes_no_difference),
		cmocka_unit_test(the_order_of_fields_makes_no_difference),
		HAND_TEST(lists_may_be_unpacked_or_both),
		HAND_TEST(fields_of_the_future_are_passed_over),
		HAND_TEST(references_must_lead_somewhere),
		HAND_TEST(samples_must_fit_their_types),
		HAND_TEST(what_is_no_profile_is_refused),
		HAND_TEST(more_than_the_caps_is_refused),
		HAND_TEST(a_table_of_strings_may_be_missing),
		cmocka_unit_test(a_file_cut_off_anywhere_is_read_or_refused),
		cmocka_unit_test(a_changed_byte_is_read_as_valid_or_refused),
	};

	if (argc == 2)
		return print_file(argv[1]);
	return cmocka_run_group_tests(tests, write_file, drop_file);
}
