/* runtime/timer and sleep: the heap of timers, those of sleeping goroutines.
 * The scheduler is stood in for: a park runs its commit function, a ready
 * goroutine is noted. */
#include "runtime/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pgo/go.h>

#include "lib/base/clock.h"
#include "runtime/fatal.h"
#include "runtime/sched.h"

enum { MANY = 5000 };
#define HOUR_NS INT64_C(3600000000000)

__thread struct m *pgo_m;

static struct g gs[MANY];
static struct m this_m;
static struct g *woken[MANY];
static int n_woken, n_yields, n_earlier;

void sched_park(bool (*commit)(struct g *g, void *arg), void *arg,
		enum wait_reason reason, const void *wait_on)
{
	assert_int_equal(reason, WAIT_SLEEP);
	assert_null(wait_on);
	assert_true(commit(this_m.g, arg));
}

void sched_ready(struct g *gp)
{
	woken[n_woken++] = gp;
}

void sched_timer_earlier(void)
{
	n_earlier++;
}

void pgo_yield(void)
{
	n_yields++;
}

void fatal_throw(const char *text)
{
	fail_msg("fatal error: %s", text);
	abort();
}

/* gs[I] sleeps for NS from now on. */
static void sleep_as(int i, int64_t ns)
{
	this_m.g = &gs[i];
	pgo_sleep(ns);
}

static int begin(void **state)
{
	(void)state;
	pgo_m = &this_m;
	n_woken = 0;
	timer_run(INT64_MAX);
	memset(gs, 0, sizeof(gs));
	n_woken = n_yields = n_earlier = 0;
	return 0;
}

static void nobody_sleeps_at_first(void **state)
{
	(void)state;
	assert_true(timer_next_ns() == INT64_MAX);
	timer_run(INT64_MAX);
	assert_int_equal(n_woken, 0);
}

static void none_wakes_before_its_time(void **state)
{
	int64_t before = clock_mono_ns();

	(void)state;
	sleep_as(0, HOUR_NS);
	assert_true(timer_next_ns() >= before + HOUR_NS);
	assert_true(timer_next_ns() <= clock_mono_ns() + HOUR_NS);
	timer_run(timer_next_ns() - 1);
	assert_int_equal(n_woken, 0);
	timer_run(timer_next_ns());
	assert_int_equal(n_woken, 1);
	assert_ptr_equal(woken[0], &gs[0]);
	assert_int_equal(gs[0].sleep.index, 0);
	assert_true(timer_next_ns() == INT64_MAX);
}

static void zero_and_less_yield(void **state)
{
	(void)state;
	sleep_as(0, 0);
	sleep_as(0, -1);
	sleep_as(0, INT64_MIN);
	assert_int_equal(n_yields, 3);
	assert_true(timer_next_ns() == INT64_MAX);
}

static void the_longest_sleep_still_counts_as_one(void **state)
{
	(void)state;
	sleep_as(0, INT64_MAX);
	assert_true(timer_next_ns() < INT64_MAX);
	timer_run(clock_mono_ns());
	assert_int_equal(n_woken, 0);
}

static void only_a_new_first_is_told_to_those_who_sleep(void **state)
{
	(void)state;
	sleep_as(0, 2 * HOUR_NS);
	sleep_as(1, 3 * HOUR_NS);
	assert_int_equal(n_earlier, 1);
	sleep_as(2, HOUR_NS);
	assert_int_equal(n_earlier, 2);
}

/* Those due wake in the order of their times; the rest sleep on, each where
 * the heap says it is. */
static void many_wake_in_the_order_of_their_times(void **state)
{
	uint64_t seed = 1;
	int64_t half = clock_mono_ns() + MANY / 2 * HOUR_NS;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		sleep_as(i, (int64_t)(seed >> 33) % MANY * HOUR_NS + 1);
	}
	timer_run(half);
	assert_in_range(n_woken, MANY / 3, MANY * 2 / 3);
	for (int i = 1; i < n_woken; i++)
		assert_true(woken[i - 1]->sleep.when_ns <=
			    woken[i]->sleep.when_ns);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(gs[i].sleep.index == 0,
				 gs[i].sleep.when_ns <= half);
	timer_run(INT64_MAX);
	assert_int_equal(n_woken, MANY);
	for (int i = 1; i < n_woken; i++)
		assert_true(woken[i - 1]->sleep.when_ns <=
			    woken[i]->sleep.when_ns);
	assert_true(timer_next_ns() == INT64_MAX);
}

/* Out of the middle, of whatever heap is left. */
static void those_taken_out_never_wake(void **state)
{
	int out = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		sleep_as(i, (i * 377 % 1000 + 1) * HOUR_NS);
	for (int i = 0; i < 1000; i += 3, out++)
		assert_true(timer_remove(&gs[i].sleep));
	for (int i = 0; i < 1000; i += 3)
		assert_false(timer_remove(&gs[i].sleep));
	timer_run(INT64_MAX);
	assert_int_equal(n_woken, 1000 - out);
	for (int i = 1; i < n_woken; i++)
		assert_true(woken[i - 1]->sleep.when_ns <=
			    woken[i]->sleep.when_ns);
	for (int i = 0; i < n_woken; i++)
		assert_true((woken[i] - gs) % 3 != 0);
}

static void next_is_always_the_least_of_those_left(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		sleep_as(i, (i * 37 % 100 + 1) * HOUR_NS);
	for (int left = 100; left; left--) {
		int64_t least = INT64_MAX;

		for (int i = 0; i < 100; i++)
			if (gs[i].sleep.index && gs[i].sleep.when_ns < least)
				least = gs[i].sleep.when_ns;
		assert_true(timer_next_ns() == least);
		timer_run(least);
	}
	assert_int_equal(n_woken, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nobody_sleeps_at_first, begin),
		cmocka_unit_test_setup(none_wakes_before_its_time, begin),
		cmocka_unit_test_setup(zero_and_less_yield, begin),
		cmocka_unit_test_setup(the_longest_sleep_still_counts_as_one,
				       begin),
		cmocka_unit_test_setup(
			only_a_new_first_is_told_to_those_who_sleep, begin),
		cmocka_unit_test_setup(many_wake_in_the_order_of_their_times,
				       begin),
		cmocka_unit_test_setup(those_taken_out_never_wake, begin),
		cmocka_unit_test_setup(next_is_always_the_least_of_those_left,
				       begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
