/* Intrusive lists. */
#include "lib/base/list.h"

#include "test/unit/cmocka_all.h"

struct item {
	int n;
	struct list link;
};

static int number(struct list *node)
{
	return list_entry(node, struct item, link)->n;
}

static void order_is_that_of_adding(void **state)
{
	struct item a = { 1, { 0 } }, b = { 2, { 0 } }, c = { 3, { 0 } };
	struct list head;

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	assert_null(list_pop(&head));
	list_add_tail(&head, &b.link);
	list_add_tail(&head, &c.link);
	list_add(&head, &a.link);
	assert_int_equal(number(list_pop(&head)), 1);
	assert_int_equal(number(list_pop(&head)), 2);
	assert_int_equal(number(list_pop(&head)), 3);
	assert_true(list_is_empty(&head));
}

static void nodes_may_go_while_they_are_walked(void **state)
{
	struct item items[5];
	struct list head, *node, *after;
	int i, sum = 0;

	(void)state;
	list_init(&head);
	for (i = 0; i < 5; i++) {
		items[i].n = i;
		list_add_tail(&head, &items[i].link);
	}
	list_for_each(node, after, &head)
		if (number(node) % 2)
			list_del(node);
	list_for_each(node, after, &head)
		sum = 10 * sum + number(node);
	assert_int_equal(sum, 24);
	/* Once more takes nothing else along. */
	list_del(&items[1].link);
	assert_int_equal(number(head.next), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_that_of_adding),
		cmocka_unit_test(nodes_may_go_while_they_are_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
