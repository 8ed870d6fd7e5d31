/* lib/sample/stacktab: equal stacks are one, sums are exact, caps hold. */
#include "lib/sample/stacktab.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void equal_stacks_share_an_id_and_sum_up(void **state)
{
	struct stacktab t;
	struct stacktab_stack s;
	const uint64_t a[] = { 1, 2, 3 }, b[] = { 1, 2, 4 };

	(void)state;
	stacktab_init(&t, 100, 1000, 2);
	assert_int_equal(stacktab_add(&t, 0, a, 3, (int64_t[]){ 1, 10 }), 0);
	assert_int_equal(stacktab_add(&t, 0, b, 3, (int64_t[]){ 2, 20 }), 1);
	assert_int_equal(stacktab_add(&t, 0, a, 3, (int64_t[]){ 4, 40 }), 0);
	stacktab_get(&t, 0, &s);
	assert_int_equal(s.values[0], 5);
	assert_int_equal(s.values[1], 50);
	assert_int_equal(s.n, 3);
	assert_memory_equal(s.pcs, a, sizeof(a));
	stacktab_get(&t, 1, &s);
	assert_int_equal(s.values[1], 20);
	assert_int_equal(stacktab_count(&t), 2);
	stacktab_release(&t);
}

static void tag_and_length_tell_stacks_apart(void **state)
{
	struct stacktab t;
	const uint64_t a[] = { 7, 0, 0 };
	const int64_t one = 1;

	(void)state;
	stacktab_init(&t, 100, 1000, 1);
	assert_int_equal(stacktab_add(&t, 0, a, 1, &one), 0);
	assert_int_equal(stacktab_add(&t, 0, a, 2, &one), 1);
	assert_int_equal(stacktab_add(&t, 5, a, 1, &one), 2);
	assert_int_equal(stacktab_add(&t, 0, NULL, 0, &one), 3);
	assert_int_equal(stacktab_add(&t, 0, NULL, 0, &one), 3);
	stacktab_release(&t);
}

static void many_stacks_survive_growing(void **state)
{
	struct stacktab t;
	struct stacktab_stack s;

	(void)state;
	stacktab_init(&t, 50000, 1000000, 1);
	for (int round = 0; round < 3; round++)
		for (uint64_t i = 0; i < 50000; i++) {
			const uint64_t pcs[] = { i, i * i, ~i };
			const int64_t v = (int64_t)i;

			assert_int_equal(stacktab_add(&t, i & 3, pcs,
						      1 + i % 3, &v), i);
		}
	for (uint64_t i = 0; i < 50000; i++) {
		stacktab_get(&t, i, &s);
		assert_int_equal(s.values[0], 3 * i);
		assert_int_equal(s.tag, i & 3);
		assert_int_equal(s.pcs[0], i);
		assert_int_equal(s.n, 1 + i % 3);
	}
	assert_int_equal(t.dropped, 0);
	stacktab_release(&t);
}

static void beyond_the_caps_the_sum_is_kept_as_dropped(void **state)
{
	struct stacktab t;
	const uint64_t pcs[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
	const int64_t v = 3;

	(void)state;
	stacktab_init(&t, 2, 8, 1);
	assert_int_equal(stacktab_add(&t, 0, pcs, 5, &v), 0);
	assert_int_equal(stacktab_add(&t, 0, pcs, 4, &v), -ENOSPC);
	assert_int_equal(stacktab_add(&t, 0, pcs, 3, &v), 1);
	assert_int_equal(stacktab_add(&t, 0, pcs, 0, &v), -ENOSPC);
	assert_int_equal(stacktab_add(&t, 0, pcs, 5, &v), 0);
	assert_int_equal(t.dropped, 2);
	assert_int_equal(t.dropped_values[0], 6);
	stacktab_release(&t);
}

static void a_cleared_table_begins_again(void **state)
{
	struct stacktab t;
	struct stacktab_stack s;
	const uint64_t pcs[] = { 1, 2 };
	const int64_t v = 3;

	(void)state;
	stacktab_init(&t, 1, 2, 1);
	stacktab_add(&t, 0, pcs, 2, &v);
	stacktab_add(&t, 0, pcs, 1, &v);
	stacktab_clear(&t);
	assert_int_equal(t.dropped, 0);
	assert_int_equal(stacktab_count(&t), 0);
	assert_int_equal(stacktab_add(&t, 0, pcs, 2, &v), 0);
	stacktab_get(&t, 0, &s);
	assert_int_equal(s.values[0], 3);
	stacktab_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_stacks_share_an_id_and_sum_up),
		cmocka_unit_test(tag_and_length_tell_stacks_apart),
		cmocka_unit_test(many_stacks_survive_growing),
		cmocka_unit_test(beyond_the_caps_the_sum_is_kept_as_dropped),
		cmocka_unit_test(a_cleared_table_begins_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
