/* Timers and tickers, beside stops and resets that race with them. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "test/unit/pgo/goroutine.h"

#define MS_NS INT64_C(1000000)

enum { RACES = 2000, TIMERS = 300, TICKS = 5 };

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

struct clock_shop {
	int64_t took_ns, value;
	int rc[4];
	_Atomic int calls, wrong;
};

static void fire_once(void *arg)
{
	struct clock_shop *s = arg;
	int64_t begin = now_ns();
	struct pgo_timer *t = pgo_timer_new(3 * MS_NS);

	s->rc[0] = pgo_chan_recv(pgo_timer_chan(t), &s->value);
	s->took_ns = now_ns() - begin;
	s->value -= begin;
	s->rc[1] = pgo_timer_stop(t);
	s->rc[2] = pgo_timer_reset(t, 1000 * MS_NS);
	s->rc[3] = pgo_timer_stop(t);
	pgo_timer_free(t);
}

static void a_timer_fires_once_and_not_early(void **state)
{
	struct clock_shop s = { 0 };

	(void)state;
	on_goroutine(fire_once, &s);
	assert_int_equal(s.rc[0], 0);
	assert_true(s.took_ns >= 3 * MS_NS);
	assert_true(s.value >= 3 * MS_NS && s.value <= s.took_ns);
	assert_int_equal(s.rc[1], 0);
	assert_int_equal(s.rc[2], 0);
	assert_int_equal(s.rc[3], 1);
}

/* What was sent before a stop or a reset cannot be received after. */
static void race(void *arg)
{
	struct clock_shop *s = arg;
	struct pgo_timer *t = pgo_timer_new(0);

	for (int i = 0; i < RACES; i++) {
		pgo_timer_reset(t, i % 7 * 1000);
		if (i % 3)
			pgo_yield();
		pgo_timer_stop(t);
		s->wrong += pgo_chan_tryrecv(pgo_timer_chan(t), NULL) !=
			    -EAGAIN;
	}
	pgo_timer_reset(t, MS_NS);
	s->rc[0] = pgo_chan_recv(pgo_timer_chan(t), NULL);
	pgo_timer_free(t);
}

static void nothing_is_left_after_a_stop(void **state)
{
	struct clock_shop s = { .rc = { 1 } };

	(void)state;
	on_goroutine(race, &s);
	assert_int_equal(s.wrong, 0);
	assert_int_equal(s.rc[0], 0);
}

static void tick(void *arg)
{
	struct clock_shop *s = arg;
	struct pgo_timer *t = pgo_ticker_new(2 * MS_NS);
	int64_t begin = now_ns(), last = 0, at = 0;

	for (int i = 0; i < TICKS; i++) {
		pgo_chan_recv(pgo_timer_chan(t), &at);
		s->wrong += at <= last;
		last = at;
	}
	s->took_ns = now_ns() - begin;
	/* Ticks that nobody took: one is kept. */
	pgo_sleep(10 * MS_NS);
	while (!pgo_chan_tryrecv(pgo_timer_chan(t), NULL))
		s->calls++;
	s->rc[0] = pgo_timer_stop(t);
	pgo_timer_free(t);
}

static void a_ticker_goes_on_and_drops_what_nobody_takes(void **state)
{
	struct clock_shop s = { 0 };

	(void)state;
	on_goroutine(tick, &s);
	assert_int_equal(s.wrong, 0);
	assert_true(s.took_ns >= TICKS * 2 * MS_NS);
	assert_in_range(s.calls, 1, 2);
	assert_int_equal(s.rc[0], 1);
	assert_null(pgo_ticker_new(0));
	assert_null(pgo_ticker_new(-1));
}

static void call(void *arg)
{
	struct clock_shop *s = arg;

	s->calls++;
}

static void call_later(void *arg)
{
	struct clock_shop *s = arg;
	struct pgo_timer *t[TIMERS];
	int stopped = 0;

	for (int i = 0; i < TIMERS; i++)
		t[i] = pgo_after_func(i % 10 * MS_NS, call, s);
	for (int i = 0; i < TIMERS; i += 2)
		stopped += pgo_timer_stop(t[i]);
	while (s->calls + stopped < TIMERS)
		pgo_sleep(MS_NS);
	pgo_sleep(10 * MS_NS);
	s->wrong = s->calls + stopped - TIMERS;
	s->rc[0] = stopped;
	for (int i = 0; i < TIMERS; i++)
		pgo_timer_free(t[i]);
}

static void a_function_is_called_unless_stopped(void **state)
{
	struct clock_shop s = { 0 };

	(void)state;
	on_goroutine(call_later, &s);
	assert_int_equal(s.wrong, 0);
	assert_true(s.rc[0] > 0);
}

static void select_with_after(void *arg)
{
	struct clock_shop *s = arg;
	struct pgo_chan *never = pgo_chan_make(1, 0);

	for (int i = 0; i < 20; i++) {
		struct pgo_chan *late = pgo_after(MS_NS / 2);
		struct pgo_chan *later = pgo_after(3600000 * MS_NS);
		struct pgo_case cases[3] = {
			{ .chan = never }, { .chan = later }, { .chan = late },
		};

		s->wrong += pgo_select(cases, 3, 0) != 2;
		pgo_chan_free(late);
		pgo_chan_free(later);
	}
	pgo_chan_free(never);
}

static void after_ends_a_select_and_its_channel_may_go(void **state)
{
	struct clock_shop s = { 0 };

	(void)state;
	on_goroutine(select_with_after, &s);
	assert_int_equal(s.wrong, 0);
}

/* Frees while others fire. */
static void churn(void *arg)
{
	struct clock_shop *s = arg;

	for (int i = 0; i < RACES; i++) {
		struct pgo_timer *t = pgo_timer_new(i % 5 * 2000);

		if (i % 2)
			pgo_yield();
		pgo_timer_free(t);
	}
	s->calls++;
}

static void churn_all(void *arg)
{
	struct clock_shop *s = arg;

	for (int i = 0; i < 8; i++)
		pgo_go(churn, s);
	while (s->calls < 8)
		pgo_sleep(MS_NS);
}

static void timers_may_be_freed_while_they_fire(void **state)
{
	struct clock_shop s = { 0 };

	(void)state;
	on_goroutine(churn_all, &s);
	assert_int_equal(s.calls, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_fires_once_and_not_early),
		cmocka_unit_test(nothing_is_left_after_a_stop),
		cmocka_unit_test(a_ticker_goes_on_and_drops_what_nobody_takes),
		cmocka_unit_test(a_function_is_called_unless_stopped),
		cmocka_unit_test(after_ends_a_select_and_its_channel_may_go),
		cmocka_unit_test(timers_may_be_freed_while_they_fire),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
