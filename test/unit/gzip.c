/* lib/wire/gzip: there and back, and what is no gzip file. */
#include "lib/wire/gzip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES 300000

static char *text;                      /* BYTES that repeat, but not quite */
static struct buf packed;

static int pack(void **state)
{
	(void)state;
	text = malloc(BYTES);
	if (!text)
		return -1;
	for (uint32_t i = 0; i < BYTES; i++)
		text[i] = (char)(i % 251 + (i / 1000) * 7);
	return gzip_deflate(&packed, text, BYTES);
}

static int unpack(void **state)
{
	(void)state;
	buf_release(&packed);
	free(text);
	return 0;
}

static void what_goes_in_comes_out_behind_what_was_there(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_true(packed.len < BYTES / 2);
	assert_true(gzip_is(packed.data, packed.len));
	buf_put_str(&out, "head");
	assert_int_equal(gzip_inflate(&out, packed.data, packed.len, BYTES), 0);
	assert_int_equal(out.len, 4 + BYTES);
	assert_memory_equal(out.data, "head", 4);
	assert_memory_equal(out.data + 4, text, BYTES);
	buf_release(&out);
}

static void nothing_is_a_file_too(void **state)
{
	struct buf in = { 0 }, out = { 0 };

	(void)state;
	assert_int_equal(gzip_deflate(&in, NULL, 0), 0);
	assert_true(in.len > 0);
	assert_int_equal(gzip_inflate(&out, in.data, in.len, 0), 0);
	assert_int_equal(out.len, 0);
	buf_release(&in);
	buf_release(&out);
}

static void members_follow_each_other(void **state)
{
	struct buf in = { 0 }, out = { 0 };

	(void)state;
	assert_int_equal(gzip_deflate(&in, "one ", 4), 0);
	assert_int_equal(gzip_deflate(&in, "two", 3), 0);
	assert_int_equal(gzip_inflate(&out, in.data, in.len, 100), 0);
	assert_string_equal(buf_str(&out), "one two");
	buf_release(&in);
	buf_release(&out);
}

static void more_than_the_cap_is_refused(void **state)
{
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(gzip_inflate(&out, packed.data, packed.len, BYTES - 1),
			 -EFBIG);
	assert_true(out.len < BYTES + 65536);
	buf_release(&out);
	assert_int_equal(gzip_inflate(&out, packed.data, packed.len, 10),
			 -EFBIG);
	assert_true(out.room <= 65536 + 1);     /* it stopped at once */
	buf_release(&out);
}

static void a_file_cut_off_anywhere_is_refused(void **state)
{
	struct buf out = { 0 };
	char *exact;

	(void)state;
	for (size_t n = 0; n < packed.len; n += n < 100 ? 1 : 97) {
		exact = malloc(n ? n : 1);
		assert_non_null(exact);
		memcpy(exact, packed.data, n);
		buf_reset(&out);
		assert_int_equal(gzip_inflate(&out, exact, n, BYTES), -EBADMSG);
		free(exact);
	}
	buf_release(&out);
}

static void a_changed_bit_of_the_contents_is_found(void **state)
{
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 20; i < packed.len; i += 101) {
		packed.data[i] ^= 1 << i % 8;
		buf_reset(&out);
		assert_true(gzip_inflate(&out, packed.data, packed.len,
					 BYTES) < 0);
		packed.data[i] ^= 1 << i % 8;
	}
	buf_release(&out);
}

static void what_follows_the_file_is_no_part_of_it(void **state)
{
	struct buf in = { 0 }, out = { 0 };

	(void)state;
	assert_int_equal(gzip_deflate(&in, "one", 3), 0);
	buf_put_str(&in, "garbage");
	assert_int_equal(gzip_inflate(&out, in.data, in.len, 100), -EBADMSG);
	buf_release(&in);
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out_behind_what_was_there),
		cmocka_unit_test(nothing_is_a_file_too),
		cmocka_unit_test(members_follow_each_other),
		cmocka_unit_test(more_than_the_cap_is_refused),
		cmocka_unit_test(a_file_cut_off_anywhere_is_refused),
		cmocka_unit_test(a_changed_bit_of_the_contents_is_found),
		cmocka_unit_test(what_follows_the_file_is_no_part_of_it),
	};

	return cmocka_run_group_tests(tests, pack, unpack);
}
