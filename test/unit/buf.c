/* Growing buffers and varints. */
#include "lib/base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test/unit/cmocka_all.h"

static void what_is_put_stands_there(void **state)
{
	static const uint8_t want[] = {
		'a', 'b', 7, 0x34, 0x12, 0x78, 0x56, 0x34, 0x12,
		8, 7, 6, 5, 4, 3, 2, 1, 0xac, 0x02, 'x', '=', '5',
	};
	struct buf b = { 0 };

	(void)state;
	buf_put_str(&b, "ab");
	buf_put_u8(&b, 7);
	buf_put_u16(&b, 0x1234);
	buf_put_u32(&b, 0x12345678);
	buf_put_u64(&b, UINT64_C(0x0102030405060708));
	buf_put_varint(&b, 300);
	buf_printf(&b, "x=%d", 5);
	assert_int_equal(buf_error(&b), 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	buf_release(&b);
}

static void cap_holds_to_the_byte_and_sticks(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_put(&b, "0123456789", 10);
	assert_int_equal(buf_error(&b), 0);
	buf_put(&b, "", 0);
	assert_int_equal(buf_error(&b), 0);
	buf_put_u8(&b, 'x');
	assert_int_equal(buf_error(&b), -EFBIG);
	assert_int_equal(b.len, 10);
	buf_reset(&b);
	buf_put(&b, "y", 1);
	assert_int_equal(buf_error(&b), 0);
	assert_string_equal(buf_str(&b), "y");
	buf_release(&b);
}

static void no_size_overflows(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, SIZE_MAX);
	buf_put_u8(&b, 1);
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_int_equal(buf_error(&b), -EFBIG);
	assert_int_equal(b.len, 1);
	buf_release(&b);
}

static void long_text_is_printed_whole(void **state)
{
	char big[5000];
	struct buf b = { 0 };

	(void)state;
	memset(big, 'z', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	buf_printf(&b, "%s|%s", big, "end");
	assert_int_equal(b.len, sizeof(big) - 1 + 4);
	assert_string_equal(buf_str(&b) + sizeof(big) - 1, "|end");
	buf_release(&b);
}

static void varints_are_as_long_as_said(void **state)
{
	uint8_t bytes[10];
	unsigned int shift;
	uint64_t v;

	(void)state;
	assert_int_equal(varint_bytes(0), 1);
	assert_int_equal(varint_bytes(UINT64_MAX), 10);
	for (shift = 0; shift < 64; shift++) {
		v = UINT64_C(1) << shift;
		assert_int_equal(varint_put(bytes, v), varint_bytes(v));
		assert_int_equal(varint_put(bytes, v - 1),
				 varint_bytes(v - 1));
	}
}

static void content_can_be_taken_away(void **state)
{
	struct buf b = { 0 };
	uint8_t *data;
	size_t n;

	(void)state;
	assert_null(buf_take(&b, &n));
	buf_put_str(&b, "mine");
	data = buf_take(&b, &n);
	assert_int_equal(n, 4);
	assert_memory_equal(data, "mine", 4);
	assert_int_equal(b.len, 0);
	free(data);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_stands_there),
		cmocka_unit_test(cap_holds_to_the_byte_and_sticks),
		cmocka_unit_test(no_size_overflows),
		cmocka_unit_test(long_text_is_printed_whole),
		cmocka_unit_test(varints_are_as_long_as_said),
		cmocka_unit_test(content_can_be_taken_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
