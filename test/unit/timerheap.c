/* runtime/timerheap: against an array that is searched from end to end. */
#include "runtime/timerheap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/fatal.h"
#include "runtime/sys.h"
#include "runtime/timer.h"

enum { MANY = 2000, ROUNDS = 60000, CROWD = 100000 };

static struct timerheap heap, other;
static uint64_t seed;

void fatal_throw(const char *text)
{
	fail_msg("fatal error: %s", text);
	abort();
}

static uint32_t draw(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % below;
}

static int begin(void **state)
{
	(void)state;
	seed = 42;
	timerheap_init(&heap);
	timerheap_init(&other);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (heap.size)
		sys_unmap(heap.slot, heap.size * sizeof(*heap.slot));
	if (other.size)
		sys_unmap(other.slot, other.size * sizeof(*other.slot));
	return 0;
}

static struct timerslot sleeper(int64_t when_ns, uintptr_t number)
{
	return (struct timerslot){ when_ns, number << 1 | TIMERSLOT_SLEEPS };
}

/* The reference ------------------------------------------------------------ */

static struct timer timers[MANY];
static bool in[MANY];

static int64_t least_in(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < MANY; i++)
		if (in[i] && timers[i].when_ns < least)
			least = timers[i].when_ns;
	return least;
}

static void put(int i)
{
	timers[i].when_ns = draw(MANY / 2);
	assert_int_equal(timerheap_put(&heap, (struct timerslot){
				timers[i].when_ns, (uintptr_t)&timers[i] }),
			 timers[i].when_ns < least_in());
	assert_ptr_equal(timers[i].home, &heap);
	in[i] = true;
}

/* Whichever of those with the least time. */
static void take(void)
{
	int64_t least = least_in();
	struct timerslot s;
	struct timer *t;

	assert_false(timerheap_take(&heap, least - 1, &s));
	if (least == INT64_MAX)
		return;
	assert_true(timerheap_take(&heap, least, &s));
	t = (struct timer *)s.who;
	assert_true(in[t - timers]);
	assert_true(t->when_ns == least);
	assert_int_equal(t->index, 0);
	in[t - timers] = false;
}

static void put_remove_and_take_as_a_plain_list_would(void **state)
{
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		/* More come in the first half, more go in the second. */
		bool grows = draw(8) < (round < ROUNDS / 2 ? 5 : 3);
		int i = (int)draw(MANY);

		if (grows && !in[i]) {
			put(i);
		} else if (!grows && in[i]) {
			timerheap_remove(&heap, &timers[i]);
			assert_int_equal(timers[i].index, 0);
			in[i] = false;
		} else if (!grows) {
			take();
		}
		assert_true(timerheap_next_ns(&heap) == least_in());
	}
	while (least_in() != INT64_MAX)
		take();
	assert_true(timerheap_next_ns(&heap) == INT64_MAX);
}

/* -------------------------------------------------------------------------- */

static void memory_comes_and_goes_with_who_is_in(void **state)
{
	struct timerslot s;
	int64_t last = -1;

	(void)state;
	for (uintptr_t i = 0; i < CROWD; i++)
		timerheap_put(&heap, sleeper(draw(CROWD), i));
	assert_in_range(heap.size, CROWD, 2 * CROWD);
	for (int i = 0; i < CROWD; i++) {
		assert_true(timerheap_take(&heap, INT64_MAX - 1, &s));
		assert_true(s.when_ns >= last);
		last = s.when_ns;
	}
	assert_false(timerheap_take(&heap, INT64_MAX, &s));
	assert_in_range(heap.size, 1, 1024);
}

static void who_moves_is_told_where_it_is(void **state)
{
	struct timer t[2] = { { .when_ns = 5 }, { .when_ns = 30 } };
	struct timerslot s;

	(void)state;
	timerheap_put(&other, sleeper(10, 1));
	timerheap_put(&heap, (struct timerslot){ 5, (uintptr_t)&t[0] });
	timerheap_put(&heap, sleeper(20, 2));
	timerheap_put(&heap, (struct timerslot){ 30, (uintptr_t)&t[1] });
	timerheap_move(&heap, &other, 20);
	assert_true(timerheap_next_ns(&heap) == 30);
	assert_true(timerheap_next_ns(&other) == 5);
	assert_ptr_equal(t[0].home, &other);
	assert_ptr_equal(t[1].home, &heap);
	timerheap_remove(&other, &t[0]);
	assert_true(timerheap_take(&other, 100, &s));
	assert_int_equal(s.when_ns, 10);
	assert_true(timerheap_take(&other, 100, &s));
	assert_int_equal(s.when_ns, 20);
	assert_false(timerheap_take(&other, 100, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			put_remove_and_take_as_a_plain_list_would, begin, end),
		cmocka_unit_test_setup_teardown(
			memory_comes_and_goes_with_who_is_in, begin, end),
		cmocka_unit_test_setup_teardown(who_moves_is_told_where_it_is,
						begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
