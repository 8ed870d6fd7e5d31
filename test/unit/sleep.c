/* runtime/timer and sleep: who is woken when, and by which P.  The scheduler is
 * stood in for: a park runs its commit function, a ready goroutine is noted. */
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
#include "runtime/sys.h"

enum { MANY = 5000 };
#define HOUR_NS INT64_C(3600000000000)

__thread struct m *pgo_m;

enum { PS = 3 };

struct sched sched;

static struct p ps[PS];
static struct g gs[MANY];
static int64_t when[MANY];      /* gs[I] wakes */
static struct m this_m;
static struct g *woken[MANY];
static int n_woken, n_yields, n_earlier;

void sched_park(bool (*commit)(struct g *g, void *arg), void *arg,
		enum wait_reason reason, const void *wait_on)
{
	assert_int_equal(reason, WAIT_SLEEP);
	assert_null(wait_on);
	when[this_m.g - gs] = (int64_t)arg;
	assert_true(commit(this_m.g, arg));
}

void sched_ready(struct g *gp)
{
	woken[n_woken++] = gp;
}

void sched_ready_all(struct gchain *chain)
{
	for (struct g *gp = chain->head; gp; gp = gp->link)
		sched_ready(gp);
}

void sched_timer_earlier(int64_t when_ns)
{
	(void)when_ns;
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

/* ps[0] schedules, and it is as late as NOW_NS. */
static void look(int64_t now_ns)
{
	ps[0].timers.now_ns = now_ns;
	while (timer_is_due(&ps[0]))
		timer_look(&ps[0]);
}

static void look_now(void)
{
	look(0);
}

static void run_as(struct p *pp)
{
	this_m.p = pp;
}

static int begin(void **state)
{
	(void)state;
	pgo_m = &this_m;
	this_m.insched = 1;
	run_as(&ps[0]);
	sched.ps = ps;
	sched.gomaxprocs = PS;
	for (int i = 0; i < PS; i++)
		timerheap_init(&ps[i].timers);
	memset(gs, 0, sizeof(gs));
	n_woken = n_yields = n_earlier = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (int i = 0; i < PS; i++)
		if (ps[i].timers.size)
			sys_unmap(ps[i].timers.slot,
				  ps[i].timers.size * sizeof(struct timerslot));
	return 0;
}

static void nobody_sleeps_at_first(void **state)
{
	(void)state;
	assert_true(timer_next_ns() == INT64_MAX);
	timer_look(&ps[0]);
	assert_false(timer_steal(&ps[0]));
	assert_int_equal(n_woken, 0);
}

static void none_wakes_before_its_time(void **state)
{
	int64_t before = clock_mono_ns();

	(void)state;
	sleep_as(0, HOUR_NS);
	assert_true(timer_next_ns() == when[0]);
	assert_true(when[0] >= before + HOUR_NS);
	assert_true(when[0] <= clock_mono_ns() + HOUR_NS);
	look(when[0] - 1);
	assert_int_equal(n_woken, 0);
	look(when[0]);
	assert_int_equal(n_woken, 1);
	assert_ptr_equal(woken[0], &gs[0]);
	assert_true(timer_next_ns() == INT64_MAX);
}

/* Both of what is sure to be due by the clock and what only might. */
static void who_schedules_reads_the_clock(void **state)
{
	(void)state;
	sleep_as(0, 1);
	sleep_as(1, 1000000);
	sleep_as(2, HOUR_NS);
	while (n_woken < 2)
		look_now();
	assert_true(clock_mono_ns() >= when[1]);
	assert_ptr_equal(woken[0], &gs[0]);
	assert_ptr_equal(woken[1], &gs[1]);
	look_now();
	assert_int_equal(n_woken, 2);
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
	look_now();
	assert_int_equal(n_woken, 0);
}

/* Its M will look for itself, if it has nobody else to run. */
static void a_sleep_on_a_p_with_nobody_else_tells_none(void **state)
{
	struct gchain overflow = { 0 };
	bool inherit;

	(void)state;
	sleep_as(0, 2 * HOUR_NS);
	assert_int_equal(n_earlier, 0);
	runq_put(&ps[0].runq, &gs[9], true, &overflow);
	sleep_as(1, 3 * HOUR_NS);
	assert_int_equal(n_earlier, 0);
	sleep_as(2, HOUR_NS);
	assert_int_equal(n_earlier, 1);
	runq_get(&ps[0].runq, &inherit);
}

static void where_there_is_no_p_the_first_one_is_told(void **state)
{
	(void)state;
	run_as(NULL);
	sleep_as(0, HOUR_NS);
	assert_int_equal(n_earlier, 1);
	assert_true(timerheap_next_ns(&ps[0].timers) == when[0]);
}

static void assert_in_order(void)
{
	for (int i = 1; i < n_woken; i++)
		assert_true(when[woken[i - 1] - gs] <= when[woken[i] - gs]);
}

/* Those due wake in the order of their times; the rest sleep on. */
static void many_wake_in_the_order_of_their_times(void **state)
{
	uint64_t seed = 1;
	int64_t half = clock_mono_ns() + MANY / 2 * HOUR_NS;
	int due = 0;

	(void)state;
	for (int i = 0; i < MANY; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		sleep_as(i, (int64_t)(seed >> 33) % MANY * HOUR_NS + 1);
		due += when[i] <= half;
	}
	look(half);
	assert_int_equal(n_woken, due);
	assert_in_range(due, MANY / 3, MANY * 2 / 3);
	assert_in_order();
	look(INT64_MAX - 1);
	assert_int_equal(n_woken, MANY);
	assert_in_order();
	assert_true(timer_next_ns() == INT64_MAX);
}

/* Several Ps --------------------------------------------------------------- */

static void another_fires_what_is_due_and_leaves_the_rest(void **state)
{
	(void)state;
	sleep_as(0, 1);
	sleep_as(1, HOUR_NS);
	while (clock_mono_ns() < when[0])
		;
	run_as(&ps[1]);
	assert_false(timer_is_due(&ps[1]));
	assert_true(timer_steal(&ps[1]));
	assert_int_equal(n_woken, 1);
	assert_ptr_equal(woken[0], &gs[0]);
	assert_false(timer_steal(&ps[1]));
	assert_true(timer_next_ns() == when[1]);
}

static void the_next_is_the_least_of_all_ps(void **state)
{
	(void)state;
	for (int i = 0; i < PS; i++) {
		run_as(&ps[i]);
		sleep_as(i, (PS - i) * HOUR_NS);
		assert_true(timer_next_ns() == when[i]);
	}
}

static int n_fired;

static void note_fired(struct timer *t, int64_t now_ns)
{
	assert_true(t->when_ns <= now_ns);
	n_fired++;
}

/* Every other is a sleeper; a third of the timers is taken out afterwards,
 * wherever it is by then. */
static void what_a_p_leaves_is_anothers(void **state)
{
	static struct timer ts[1000];
	int out = 0;

	(void)state;
	memset(ts, 0, sizeof(ts));
	n_fired = 0;
	run_as(&ps[1]);
	for (int i = 0; i < 1000; i++) {
		sleep_as(i, (i * 377 % 1000 + 1) * HOUR_NS);
		ts[i].fire = note_fired;
		ts[i].when_ns = when[999 - i];
		timer_add(&ts[i]);
	}
	n_earlier = 0;
	timer_move(&ps[1], &ps[0], INT64_MAX);
	assert_int_equal(n_earlier, 1);
	assert_true(timerheap_next_ns(&ps[1].timers) == INT64_MAX);
	for (int i = 0; i < 1000; i += 3, out++)
		assert_true(timer_remove(&ts[i]));
	for (int i = 0; i < 1000; i += 3)
		assert_false(timer_remove(&ts[i]));
	run_as(&ps[0]);
	look(INT64_MAX - 1);
	assert_int_equal(n_woken, 1000);
	assert_in_order();
	assert_int_equal(n_fired, 1000 - out);
}

static void only_what_is_due_moves_when_asked(void **state)
{
	(void)state;
	sleep_as(0, HOUR_NS);
	sleep_as(1, 2 * HOUR_NS);
	timer_move(&ps[0], &ps[2], when[0]);
	assert_true(timerheap_next_ns(&ps[2].timers) == when[0]);
	assert_true(timerheap_next_ns(&ps[0].timers) == when[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_sleeps_at_first),
		TEST(none_wakes_before_its_time),
		TEST(who_schedules_reads_the_clock),
		TEST(zero_and_less_yield),
		TEST(the_longest_sleep_still_counts_as_one),
		TEST(a_sleep_on_a_p_with_nobody_else_tells_none),
		TEST(where_there_is_no_p_the_first_one_is_told),
		TEST(many_wake_in_the_order_of_their_times),
		TEST(another_fires_what_is_due_and_leaves_the_rest),
		TEST(the_next_is_the_least_of_all_ps),
		TEST(what_a_p_leaves_is_anothers),
		TEST(only_what_is_due_moves_when_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
