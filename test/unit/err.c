/* Errors in words. */
#include "lib/base/err.h"

#include <errno.h>
#include <string.h>

#include "test/unit/cmocka_all.h"

static void thing_trouble_way_out(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_set(&e, -EPERM, "%d: cannot read memory", 4711),
			 -EPERM);
	assert_int_equal(err_way_out(&e, "same user, or %s",
				     "CAP_SYS_PTRACE"), -EPERM);
	assert_int_equal(err_of(&e, "pgo-top"), -EPERM);
	assert_string_equal(e.text, "pgo-top: 4711: cannot read memory: "
			    "Operation not permitted "
			    "(same user, or CAP_SYS_PTRACE)");
}

static void own_words_stand_alone(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(err_say(&e, -EBADMSG, "line %d is no mapping", 3),
			 -EBADMSG);
	assert_string_equal(e.text, "line 3 is no mapping");
	assert_int_equal(e.code, -EBADMSG);
}

static void nobody_listening_still_gets_the_number(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -ENOENT, "x"), -ENOENT);
	assert_int_equal(err_say(NULL, -ENOENT, "x"), -ENOENT);
	assert_int_equal(err_way_out(NULL, "x"), 0);
	assert_int_equal(err_of(NULL, "x"), 0);
}

static void a_name_is_put_once(void **state)
{
	struct err e;

	(void)state;
	err_say(&e, -EPERM, "x: no");
	err_named(&e, "x");
	assert_string_equal(e.text, "x: no");
	err_named(&e, "y");
	assert_string_equal(e.text, "y: x: no");
	err_named(NULL, "y");
}

static void too_long_is_cut_and_unknown_is_said(void **state)
{
	char big[1000];
	struct err e;
	int i;

	(void)state;
	memset(big, 'a', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&e, -ENOENT, "%s", big);
	for (i = 0; i < 3; i++) {
		err_way_out(&e, "%s", big);
		err_of(&e, "%s", big);
	}
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	err_set(&e, -9999, "thing");
	assert_string_equal(e.text, "thing: Unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(thing_trouble_way_out),
		cmocka_unit_test(own_words_stand_alone),
		cmocka_unit_test(nobody_listening_still_gets_the_number),
		cmocka_unit_test(a_name_is_put_once),
		cmocka_unit_test(too_long_is_cut_and_unknown_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
