/* lib/wire/proto: what is written is read again, and nothing else is. */
#include "lib/wire/proto.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t numbers[] = {
	0, 1, 127, 128, 300, 16383, 16384, UINT32_MAX, INT64_MAX, UINT64_MAX,
};

#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static struct proto_in in_of(const struct buf *b)
{
	return proto_in(b->data, b->len);
}

static void numbers_take_as_many_bytes_as_the_format_says(void **state)
{
	struct buf b = { 0 };

	(void)state;
	proto_uint(&b, 1, 150);
	assert_int_equal(b.len, 3);
	assert_memory_equal(b.data, "\x08\x96\x01", 3);
	buf_reset(&b);
	proto_bytes(&b, 2, "testing", 7);
	assert_int_equal(b.len, 9);
	assert_memory_equal(b.data, "\x12\x07testing", 9);
	buf_reset(&b);
	proto_packed(&b, 6, (uint64_t[]){ 3, 270, 86942 }, 3);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.data, "\x32\x06\x03\x8e\x02\x9e\xa7\x05", 8);
	buf_release(&b);
}

static void every_number_comes_back(void **state)
{
	struct proto_field f;
	struct proto_in in;
	struct buf b = { 0 };

	(void)state;
	for (size_t i = 0; i < NUMBERS; i++)
		proto_uint(&b, (uint32_t)i + 1, numbers[i]);
	in = in_of(&b);
	for (size_t i = 0; i < NUMBERS; i++) {
		assert_int_equal(proto_next(&in, &f), 1);
		assert_int_equal(f.number, i + 1);
		assert_int_equal(f.type, PROTO_VARINT);
		assert_true(f.value == numbers[i]);
	}
	assert_int_equal(proto_next(&in, &f), 0);
	buf_release(&b);
}

static void a_packed_list_comes_back(void **state)
{
	struct proto_field f;
	struct proto_in in;
	struct buf b = { 0 };
	uint64_t v;

	(void)state;
	proto_packed(&b, 7, numbers, 0);
	assert_int_equal(b.len, 0);
	proto_packed(&b, 7, numbers, NUMBERS);
	in = in_of(&b);
	assert_int_equal(proto_next(&in, &f), 1);
	assert_int_equal(f.type, PROTO_BYTES);
	for (size_t i = 0; i < NUMBERS; i++) {
		assert_int_equal(proto_next_varint(&f.bytes, &v), 1);
		assert_true(v == numbers[i]);
	}
	assert_int_equal(proto_next_varint(&f.bytes, &v), 0);
	buf_release(&b);
}

static void a_message_within_a_message_comes_back(void **state)
{
	struct buf b = { 0 }, m = { 0 };
	struct proto_field f, g;
	struct proto_in in;

	(void)state;
	proto_uint(&m, 3, 42);
	proto_uint_nonzero(&m, 4, 0);
	proto_message(&b, 9, &m);
	assert_int_equal(m.len, 0);
	in = in_of(&b);
	assert_int_equal(proto_next(&in, &f), 1);
	assert_int_equal(f.number, 9);
	assert_int_equal(proto_next(&f.bytes, &g), 1);
	assert_int_equal(g.number, 3);
	assert_int_equal(g.value, 42);
	assert_int_equal(proto_next(&f.bytes, &g), 0);
	buf_release(&b);
	buf_release(&m);
}

static void an_error_within_a_message_is_one_of_the_whole(void **state)
{
	struct buf b = { 0 }, m = { .cap = 4 };

	(void)state;
	proto_bytes(&m, 1, "longer than four", 16);
	proto_message(&b, 1, &m);
	assert_int_equal(buf_error(&b), -EFBIG);
	buf_release(&b);
	buf_release(&m);
}

static int first_of(const char *bytes, size_t n)
{
	struct proto_field f;
	struct proto_in in;
	char *exact = malloc(n);        /* asan sees one byte too many */
	int rc;

	assert_non_null(exact);
	memcpy(exact, bytes, n);
	in = proto_in(exact, n);
	rc = proto_next(&in, &f);
	free(exact);
	return rc;
}

#define REFUSED(s) assert_int_equal(first_of(s, sizeof(s) - 1), -EBADMSG)

static void what_is_no_field_is_refused(void **state)
{
	(void)state;
	REFUSED("\x08");                        /* no number */
	REFUSED("\x08\x80");                    /* half a number */
	REFUSED("\x80");                        /* half a tag */
	REFUSED("\x00\x01");                    /* field 0 */
	REFUSED("\x0a\x05" "abcd");             /* five bytes, of four */
	REFUSED("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	REFUSED("\x0b\x01");                    /* a group */
	REFUSED("\x0c");                        /* its end */
	REFUSED("\x0e\x01");                    /* types nobody defined */
	REFUSED("\x0f\x01");
	REFUSED("\x09\x01\x02\x03\x04\x05\x06\x07");    /* seven of eight */
	REFUSED("\x0d\x01\x02\x03");
	/* 2^64, and eleven bytes */
	REFUSED("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
	REFUSED("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00");
	/* a field number of 2^29 */
	REFUSED("\x80\x80\x80\x80\x10\x01");
}

static void fixed_numbers_are_little_endian(void **state)
{
	const char bytes[] = "\x09\x01\x02\x03\x04\x05\x06\x07\x08"
			     "\x15\x0a\x0b\x0c\x0d";
	struct proto_in in = proto_in(bytes, sizeof(bytes) - 1);
	struct proto_field f;

	(void)state;
	assert_int_equal(proto_next(&in, &f), 1);
	assert_true(f.value == 0x0807060504030201);
	assert_int_equal(proto_next(&in, &f), 1);
	assert_int_equal(f.number, 2);
	assert_true(f.value == 0x0d0c0b0a);
	assert_int_equal(proto_next(&in, &f), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_take_as_many_bytes_as_the_format_says),
		cmocka_unit_test(every_number_comes_back),
		cmocka_unit_test(a_packed_list_comes_back),
		cmocka_unit_test(a_message_within_a_message_comes_back),
		cmocka_unit_test(an_error_within_a_message_is_one_of_the_whole),
		cmocka_unit_test(what_is_no_field_is_refused),
		cmocka_unit_test(fixed_numbers_are_little_endian),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
