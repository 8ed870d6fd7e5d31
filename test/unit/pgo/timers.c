/* Timers of four Ps: fired by others where their own does not come to it, and
 * stopped and reset from everywhere at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "test/unit/pgo/goroutine.h"

#define MS_NS INT64_C(1000000)

enum { PS = 4, ROUNDS = 3000, WAIT_MS = 300, PATIENCE_MS = 10000 };

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Beside long work --------------------------------------------------------- */

struct work {
	struct pgo_waitgroup all;
	_Atomic int64_t fired_ns;       /* when the last one did */
	_Atomic int fired, wanted, gave_up;
	int64_t begin_ns, took_ns;
};

static void note(void *arg)
{
	struct work *w = arg;

	w->fired_ns = now_ns();
	w->fired++;
}

/* Nothing is called: nobody makes it yield. */
static void compute(void *arg)
{
	struct work *w = arg;
	struct pgo_timer *t = pgo_after_func(2 * MS_NS, note, w);

	while (w->fired < w->wanted && !w->gave_up)
		;
	pgo_timer_free(t);
	pgo_waitgroup_done(&w->all);
}

/* A thread that is nobody's, for who computes cannot look at a clock. */
static void *lose_patience(void *arg)
{
	struct work *w = arg;

	for (int i = 0; i < PATIENCE_MS && w->fired < w->wanted; i++)
		usleep(1000);
	w->gave_up = w->fired < w->wanted;
	return NULL;
}

static void work(struct work *w, void (*fn)(void *))
{
	pthread_t thread;

	pthread_create(&thread, NULL, lose_patience, w);
	w->begin_ns = now_ns();
	on_goroutine(fn, w);
	pthread_join(thread, NULL);
}

static void compute_alone(void *arg)
{
	struct work *w = arg;

	pgo_waitgroup_add(&w->all, 1);
	compute(w);
}

static void a_timer_fires_though_its_p_computes(void **state)
{
	struct work w = { .wanted = 1 };

	(void)state;
	work(&w, compute_alone);
	assert_int_equal(w.fired, 1);
	assert_false(w.gave_up);
}

/* No P is idle: somebody must see that three of them do not schedule. */
static void compute_and_yield(void *arg)
{
	struct work *w = arg;

	pgo_waitgroup_add(&w->all, PS - 1);
	for (int i = 0; i < PS - 1; i++)
		pgo_go(compute, w);
	while (w->fired < w->wanted && !w->gave_up)
		pgo_yield();
	pgo_waitgroup_wait(&w->all);
}

static void timers_fire_though_all_ps_but_one_compute(void **state)
{
	struct work w = { .wanted = PS - 1 };

	(void)state;
	work(&w, compute_and_yield);
	assert_int_equal(w.fired, PS - 1);
	assert_false(w.gave_up);
}

static void sleep_in_c(void *arg)
{
	struct work *w = arg;
	struct pgo_timer *t = pgo_after_func(2 * MS_NS, note, w);

	usleep(WAIT_MS * 1000);
	w->took_ns = now_ns() - w->begin_ns;
	pgo_timer_free(t);
}

static void a_timer_fires_though_its_p_is_in_a_long_call(void **state)
{
	struct work w = { .wanted = 1 };

	(void)state;
	work(&w, sleep_in_c);
	assert_int_equal(w.fired, 1);
	assert_true(w.fired_ns - w.begin_ns >= 2 * MS_NS);
	assert_true(w.fired_ns - w.begin_ns < w.took_ns);
}

/* Races -------------------------------------------------------------------- */

/* Each time it is set, it is received, or one stop or reset says it was not. */
struct accounts {
	struct pgo_waitgroup all, receivers;
	struct pgo_timer *timer;
	_Atomic int set, received, called, undone, over;
};

static void stop_and_reset(void *arg)
{
	struct accounts *a = arg;
	unsigned turn = (unsigned)pgo_goid();

	for (int i = 0; i < ROUNDS; i++) {
		turn = turn * 1664525 + 1013904223;
		if (turn >> 30) {
			a->set++;
			a->undone += pgo_timer_reset(a->timer,
						     (turn >> 20) % 30 * 1000);
		} else {
			a->undone += pgo_timer_stop(a->timer);
		}
		if (turn >> 16 & 1)
			pgo_yield();
	}
	pgo_waitgroup_done(&a->all);
}

static void receive(void *arg)
{
	struct accounts *a = arg;

	while (!a->over)
		if (!pgo_chan_tryrecv(pgo_timer_chan(a->timer), NULL))
			a->received++;
		else
			pgo_yield();
	pgo_waitgroup_done(&a->receivers);
}

static void race(struct accounts *a)
{
	a->set++;
	pgo_waitgroup_add(&a->all, PS);
	for (int i = 0; i < PS; i++)
		pgo_go(stop_and_reset, a);
	pgo_waitgroup_wait(&a->all);
	a->undone += pgo_timer_stop(a->timer);
}

static void race_with_receivers(void *arg)
{
	struct accounts *a = arg;

	a->timer = pgo_timer_new(0);
	pgo_waitgroup_add(&a->receivers, 2);
	pgo_go(receive, a);
	pgo_go(receive, a);
	race(a);
	a->over = 1;
	pgo_waitgroup_wait(&a->receivers);
	pgo_timer_free(a->timer);
}

static void each_firing_is_received_or_undone(void **state)
{
	struct accounts a = { 0 };

	(void)state;
	on_goroutine(race_with_receivers, &a);
	assert_int_equal(a.received + a.undone, a.set);
	assert_true(a.received > 0);
	assert_true(a.undone > 0);
}

static void count_call(void *arg)
{
	struct accounts *a = arg;

	a->called++;
}

static void race_with_calls(void *arg)
{
	struct accounts *a = arg;

	a->timer = pgo_after_func(0, count_call, a);
	race(a);
	/* The last goroutine may be about to begin. */
	for (int i = 0; i < PATIENCE_MS && a->called + a->undone < a->set; i++)
		pgo_sleep(MS_NS);
	pgo_sleep(MS_NS);
	pgo_timer_free(a->timer);
}

static void each_call_is_made_or_undone(void **state)
{
	struct accounts a = { 0 };

	(void)state;
	on_goroutine(race_with_calls, &a);
	assert_int_equal(a.called + a.undone, a.set);
	assert_true(a.called > 0);
	assert_true(a.undone > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_fires_though_its_p_computes),
		cmocka_unit_test(timers_fire_though_all_ps_but_one_compute),
		cmocka_unit_test(
			a_timer_fires_though_its_p_is_in_a_long_call),
		cmocka_unit_test(each_firing_is_received_or_undone),
		cmocka_unit_test(each_call_is_made_or_undone),
	};

	setenv("GOMAXPROCS", "4", 1);
	return cmocka_run_group_tests(tests, world_begin, world_end);
}
