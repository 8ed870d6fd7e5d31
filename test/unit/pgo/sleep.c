/* pgo_sleep() on the real scheduler: never short, in order, beside work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "test/unit/pgo/goroutine.h"

#define MS_NS INT64_C(1000000)

enum { SLEEPERS = 1000, STEPS = 5 };

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

struct dormitory {
	struct pgo_waitgroup all;
	_Atomic int asked, woken, early, order_wrong;
	_Atomic int last;
	int64_t took_ns;
	_Atomic int stop;
};

static void sleep_some(void *arg)
{
	struct dormitory *d = arg;
	int64_t ns = (d->asked++ % 20 + 1) * MS_NS;
	int64_t start = now_ns();

	pgo_sleep(ns);
	d->early += now_ns() - start < ns;
	d->woken++;
	pgo_waitgroup_done(&d->all);
}

static void fill(void *arg)
{
	struct dormitory *d = arg;
	int64_t start = now_ns();

	pgo_waitgroup_add(&d->all, SLEEPERS);
	for (int i = 0; i < SLEEPERS; i++)
		pgo_go(sleep_some, d);
	pgo_waitgroup_wait(&d->all);
	d->took_ns = now_ns() - start;
}

/* One after the other they would take ten seconds. */
static void a_thousand_sleep_beside_each_other_and_none_too_short(void **state)
{
	struct dormitory d = { 0 };

	(void)state;
	on_goroutine(fill, &d);
	assert_int_equal(d.woken, SLEEPERS);
	assert_int_equal(d.early, 0);
	assert_in_range(d.took_ns, 20 * MS_NS, 5000 * MS_NS);
}

static void sleep_by_number(void *arg)
{
	struct dormitory *d = arg;
	int me = STEPS - d->asked++;

	pgo_sleep(me * 30 * MS_NS);
	d->order_wrong += d->last++ != me - 1;
	pgo_waitgroup_done(&d->all);
}

static void fill_backwards(void *arg)
{
	struct dormitory *d = arg;

	pgo_waitgroup_add(&d->all, STEPS);
	for (int i = 0; i < STEPS; i++)
		pgo_go(sleep_by_number, d);
	pgo_waitgroup_wait(&d->all);
}

static void who_sleeps_less_wakes_first(void **state)
{
	struct dormitory d = { 0 };

	(void)state;
	on_goroutine(fill_backwards, &d);
	assert_int_equal(d.last, STEPS);
	assert_int_equal(d.order_wrong, 0);
}

static void spin(void *arg)
{
	struct dormitory *d = arg;

	while (!d->stop)
		pgo_poll();
	pgo_waitgroup_done(&d->all);
}

static void sleep_beside_spinners(void *arg)
{
	struct dormitory *d = arg;
	int64_t start = now_ns();
	int n = 2 * pgo_gomaxprocs(0);

	pgo_waitgroup_add(&d->all, n);
	for (int i = 0; i < n; i++)
		pgo_go(spin, d);
	for (int i = 0; i < 5; i++)
		pgo_sleep(10 * MS_NS);
	d->took_ns = now_ns() - start;
	d->stop = 1;
	pgo_waitgroup_wait(&d->all);
}

/* Each of five sleeps may have to wait for a time slice of 10 ms or two. */
static void a_sleeper_wakes_though_every_p_is_busy(void **state)
{
	struct dormitory d = { 0 };

	(void)state;
	on_goroutine(sleep_beside_spinners, &d);
	assert_in_range(d.took_ns, 50 * MS_NS, 2000 * MS_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_thousand_sleep_beside_each_other_and_none_too_short),
		cmocka_unit_test(who_sleeps_less_wakes_first),
		cmocka_unit_test(a_sleeper_wakes_though_every_p_is_busy),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
