/* lib/wire/json: documents another parser reads as they were meant. */
#include "lib/wire/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static struct buf out;
static struct json j;

static int open_json(void **state)
{
	(void)state;
	out = (struct buf){ 0 };
	json_init(&j, &out);
	return 0;
}

static int close_json(void **state)
{
	(void)state;
	buf_release(&out);
	return 0;
}

/* The document, read by jansson, which is strict about UTF-8. */
static json_t *parsed(void)
{
	json_error_t e;
	json_t *doc = json_loads(buf_str(&out), JSON_DECODE_ANY |
				 JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);

	if (!doc)
		fail_msg("%s: %s", e.text, buf_str(&out));
	return doc;
}

static void everything_at_once_to_the_byte(void **state)
{
	(void)state;
	json_object_begin(&j);
	json_key(&j, "a");
	json_array_begin(&j);
	json_int(&j, INT64_MIN);
	json_uint(&j, UINT64_MAX);
	json_hex(&j, 0x7f001d);
	json_bool(&j, true);
	json_bool(&j, false);
	json_nil(&j);
	json_str(&j, "text");
	json_str(&j, NULL);
	json_array_begin(&j);
	json_array_end(&j);
	json_object_begin(&j);
	json_object_end(&j);
	json_array_end(&j);
	json_key(&j, "b");
	json_object_begin(&j);
	json_key(&j, "c");
	json_int(&j, 0);
	json_object_end(&j);
	json_object_end(&j);
	assert_int_equal(json_finish(&j), 0);
	assert_string_equal(buf_str(&out),
		"{\"a\":[-9223372036854775808,18446744073709551615,"
		"\"0x7f001d\",true,false,null,\"text\",null,[],{}],"
		"\"b\":{\"c\":0}}");
}

static void every_byte_of_a_string_comes_back(void **state)
{
	char all[128];
	json_t *doc;

	(void)state;
	for (int c = 0; c < 128; c++)
		all[c] = (char)c;
	json_str_n(&j, all, sizeof(all));
	assert_int_equal(json_finish(&j), 0);
	doc = parsed();
	assert_int_equal(json_string_length(doc), sizeof(all));
	assert_memory_equal(json_string_value(doc), all, sizeof(all));
	json_decref(doc);
}

static void a_key_is_quoted_like_a_string(void **state)
{
	json_t *doc;

	(void)state;
	json_object_begin(&j);
	json_key(&j, "\"\\\n");
	json_int(&j, 7);
	json_object_end(&j);
	doc = parsed();
	assert_int_equal(json_integer_value(json_object_get(doc, "\"\\\n")), 7);
	json_decref(doc);
}

#define FFFD "\xef\xbf\xbd"

static void what_is_no_utf8_is_replaced(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "a\xff" "b", "a" FFFD "b" },
		{ "\x80", FFFD },
		{ "\xc0\xaf", FFFD FFFD },              /* too long a form */
		{ "\xe0\x80\xaf", FFFD FFFD FFFD },
		{ "\xf0\x80\x80\xaf", FFFD FFFD FFFD FFFD },
		{ "\xed\xa0\x80", FFFD FFFD FFFD },     /* a surrogate */
		{ "\xed\x9f\xbf", "\xed\x9f\xbf" },
		{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
		{ "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD },
		{ "\xf5", FFFD },
		{ "\xe2\x82", FFFD FFFD },              /* cut off */
		{ "\xe2\"", FFFD "\"" },
	};
	json_t *doc;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		open_json(state);
		json_str(&j, cases[i].in);
		doc = parsed();
		assert_string_equal(json_string_value(doc), cases[i].want);
		json_decref(doc);
		close_json(state);
	}
}

/* All of up to three bytes, from their edges: the parser must accept each. */
static void no_bytes_make_it_no_document(void **state)
{
	static const uint8_t edge[] = {
		0, 0x1f, '"', '\\', 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
		0xc0, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
	};
	const size_t n = sizeof(edge);
	char s[4];

	for (size_t i = 0; i < n * n * n * n; i++) {
		for (size_t k = 0, left = i; k < sizeof(s); k++, left /= n)
			s[k] = (char)edge[left % n];
		open_json(state);
		json_str_n(&j, s, sizeof(s));
		json_decref(parsed());
		close_json(state);
	}
}

static void levels_end_where_the_cap_is(void **state)
{
	(void)state;
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array_begin(&j);
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		json_array_end(&j);
	assert_int_equal(json_finish(&j), 0);
	json_decref(parsed());
	close_json(state);
	open_json(state);
	for (int i = 0; i < 3 * JSON_DEPTH_MAX; i++)
		json_array_begin(&j);
	assert_int_equal(json_finish(&j), -EINVAL);
	for (int i = 0; i < 3 * JSON_DEPTH_MAX; i++)
		json_array_end(&j);
	assert_int_equal(json_finish(&j), -EINVAL);
}

static void nothing_is_no_document(void)
{
}

static void two_values(void)
{
	json_int(&j, 1);
	json_int(&j, 2);
}

static void open_object(void)
{
	json_object_begin(&j);
}

static void value_without_key(void)
{
	json_object_begin(&j);
	json_int(&j, 1);
	json_object_end(&j);
}

static void key_without_value(void)
{
	json_object_begin(&j);
	json_key(&j, "k");
	json_object_end(&j);
}

static void key_in_array(void)
{
	json_array_begin(&j);
	json_key(&j, "k");
	json_array_end(&j);
}

static void two_keys(void)
{
	json_object_begin(&j);
	json_key(&j, "k");
	json_key(&j, "l");
}

static void wrong_end(void)
{
	json_array_begin(&j);
	json_object_end(&j);
}

static void end_of_nothing(void)
{
	json_int(&j, 1);
	json_array_end(&j);
}

static void calls_that_make_no_document_are_refused(void **state)
{
	static void (*const wrong[])(void) = {
		nothing_is_no_document, two_values, open_object,
		value_without_key, key_without_value, key_in_array, two_keys,
		wrong_end, end_of_nothing,
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		open_json(state);
		wrong[i]();
		if (json_finish(&j) != -EINVAL)
			fail_msg("number %zu made \"%s\"", i,
				 buf_str(&out));
		close_json(state);
	}
}

static void a_full_output_is_told(void **state)
{
	(void)state;
	out.cap = 8;
	json_str(&j, "longer than eight");
	assert_int_equal(json_finish(&j), -EFBIG);
}

#define JSON_TEST(f) cmocka_unit_test_setup_teardown(f, open_json, close_json)

int main(void)
{
	const struct CMUnitTest tests[] = {
		JSON_TEST(everything_at_once_to_the_byte),
		JSON_TEST(every_byte_of_a_string_comes_back),
		JSON_TEST(a_key_is_quoted_like_a_string),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(no_bytes_make_it_no_document),
		JSON_TEST(levels_end_where_the_cap_is),
		cmocka_unit_test(calls_that_make_no_document_are_refused),
		JSON_TEST(a_full_output_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
