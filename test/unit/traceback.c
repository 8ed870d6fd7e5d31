/* lib/wire/traceback and text: the dump to the byte. */
#include "lib/wire/traceback.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char out[1024];
static struct text_room room;
static struct text_sink sink = { text_room_put, &room };

static int clear(void **state)
{
	(void)state;
	memset(out, 0, sizeof(out));
	room = (struct text_room){ out, sizeof(out) - 1, 0 };
	return 0;
}

static void a_header_tells_the_state(void **state)
{
	(void)state;
	traceback_header(&sink, 18, "chan receive", 2, NULL);
	traceback_header(&sink, UINT64_MAX, "running", 0, "locked to thread");
	traceback_header(&sink, 1, "select", 1, "");
	assert_string_equal(out,
		"goroutine 18 [chan receive, 2 minutes]:\n"
		"goroutine 18446744073709551615 [running, locked to thread]:\n"
		"goroutine 1 [select, 1 minutes]:\n");
}

static void a_frame_is_two_lines(void **state)
{
	(void)state;
	traceback_frame(&sink, "worker", "/src/w.c", 41, 0x1d);
	traceback_elided(&sink, 7);
	traceback_created_by(&sink, "main", 1, "/src/m.c", 12, 0x2a);
	traceback_created_by(&sink, "main", 0, "/src/m.c", 12, 0);
	assert_string_equal(out,
		"worker(...)\n\t/src/w.c:41 +0x1d\n"
		"...7 frames elided...\n"
		"created by main in goroutine 1\n\t/src/m.c:12 +0x2a\n"
		"created by main\n\t/src/m.c:12\n");
}

static void what_is_unknown_is_question_marks(void **state)
{
	(void)state;
	traceback_frame(&sink, NULL, NULL, 9, 0x1d);
	traceback_frame(&sink, "libx.so.1", "", 0, 0xabcdef);
	assert_string_equal(out, "\?\?(...)\n\t\?\?:0 +0x1d\n"
				 "libx.so.1(...)\n\t\?\?:0 +0xabcdef\n");
}

static void a_name_cannot_make_lines(void **state)
{
	(void)state;
	traceback_frame(&sink, "a\nb\x7f", "/x\r\t.c", 1, 1);
	traceback_header(&sink, 1, "\x01 w\xc3\xa4it", 0, "\n");
	assert_string_equal(out, "a?b?(...)\n\t/x??.c:1 +0x1\n"
				 "goroutine 1 [? w\xc3\xa4it, ?]:\n");
}

static void numbers_reach_their_ends(void **state)
{
	(void)state;
	text_int(&sink, INT64_MIN);
	text_put(&sink, " ");
	text_int(&sink, -1);
	text_put(&sink, " ");
	text_uint(&sink, 0);
	text_put(&sink, " ");
	text_hex(&sink, UINT64_MAX);
	assert_string_equal(out,
		"-9223372036854775808 -1 0 0xffffffffffffffff");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_header_tells_the_state, clear),
		cmocka_unit_test_setup(a_frame_is_two_lines, clear),
		cmocka_unit_test_setup(what_is_unknown_is_question_marks,
				       clear),
		cmocka_unit_test_setup(a_name_cannot_make_lines, clear),
		cmocka_unit_test_setup(numbers_reach_their_ends, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
