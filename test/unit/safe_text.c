/* lib/base/safe_text: nothing that steers a terminal comes through. */
#include "lib/base/safe_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *in, const char *want)
{
	char out[256];

	assert_int_equal(safe_text(out, sizeof(out), in, strlen(in)),
			 strlen(want));
	assert_string_equal(out, want);
}

static void plain_text_of_any_script_stays(void **state)
{
	static const char *const texts[] = {
		"", "main.main(0x1, ~)", "gr\u00fc\u00df", "\u65e5\u672c\u8a9e",
		"\U0001f600", "\u05d0\u05d1", "\u00a0", "\U0010ffff", "\ufffd",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		expect(texts[i], texts[i]);
}

static void controls_become_question_marks(void **state)
{
	char out[16];

	(void)state;
	expect("a\nb\tc\rd", "a?b?c?d");
	expect("\033[31mred\033]0;title\a", "?[31mred?]0;title?");
	expect("\x7f", "?");
	expect("\xc2\x80\xc2\x9b\xc2\x9f", "???");
	expect("a\u202e\u202a\u2066\u2069\u200e\u200f\u061cz", "a???????z");
	expect("\u202f\u2029\u2065\u206a\u200d", "\u202f\u2029\u2065\u206a"
						"\u200d");
	assert_int_equal(safe_text(out, sizeof(out), "a\0b", 3), 3);
	assert_string_equal(out, "a?b");
}

static void each_byte_that_is_no_utf8_is_one_mark(void **state)
{
	(void)state;
	expect("\x9b[2J", "?[2J");
	expect("a\xff\xfe" "b", "a??b");
	expect("\xc0\x80", "??");                       /* overlong */
	expect("\xe0\x80\x9b", "???");
	expect("\xf0\x80\x80\x80", "????");
	expect("\xed\xa0\x80", "???");                  /* a surrogate */
	expect("\xf4\x90\x80\x80", "????");             /* above U+10FFFF */
	expect("\xf8\x88\x80\x80\x80", "?????");
	expect("\xe6\x97", "??");                       /* cut */
	expect("\xe6" "ab", "?ab");
	expect("\xc3\033", "??");
}

static void it_is_cut_between_characters(void **state)
{
	const char *in = "a\u65e5b";
	static const char *const want[] = { NULL, "", "a", "a", "a",
					    "a\u65e5", "a\u65e5b" };
	char out[8];

	(void)state;
	assert_int_equal(safe_text(NULL, 0, in, strlen(in)), 0);
	for (size_t n = 1; n <= 6; n++) {
		memset(out, 'x', sizeof(out));
		assert_int_equal(safe_text(out, n, in, strlen(in)),
				 strlen(want[n]));
		assert_string_equal(out, want[n]);
		assert_int_equal(out[n], 'x');
	}
}

static void it_works_in_place(void **state)
{
	char text[] = "a\u202eb\x80" "c\u65e5";

	(void)state;
	safe_text(text, sizeof(text), text, strlen(text));
	assert_string_equal(text, "a?b?c\u65e5");
}

/* Every sequence of three bytes: what comes out needs no change. */
static void what_came_out_is_safe(void **state)
{
	char in[3], once[8], twice[8];

	(void)state;
	for (uint32_t i = 0; i < 1 << 24; i += 7) {
		size_t n;

		in[0] = (char)(i >> 16);
		in[1] = (char)(i >> 8);
		in[2] = (char)i;
		n = safe_text(once, sizeof(once), in, sizeof(in));
		if (n > 3 || safe_text(twice, sizeof(twice), once, n) != n ||
		    memcmp(once, twice, n + 1) != 0)
			fail_msg("%06x", i);
		for (size_t k = 0; k < n; k++)
			if ((unsigned char)once[k] < 0x20)
				fail_msg("%06x", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_of_any_script_stays),
		cmocka_unit_test(controls_become_question_marks),
		cmocka_unit_test(each_byte_that_is_no_utf8_is_one_mark),
		cmocka_unit_test(it_is_cut_between_characters),
		cmocka_unit_test(it_works_in_place),
		cmocka_unit_test(what_came_out_is_safe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
