/* Waitgroups: everyone waits for zero, and for nothing else. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/unit/pgo/goroutine.h"

enum { SHORT_NS = 2000000, WAITERS = 50, WORKERS = 500, ROUNDS = 200 };

struct hall {
	struct pgo_waitgroup wg;
	struct pgo_waitgroup home;      /* those who waited */
	_Atomic int worked, back, early;
};

static void zero_needs_no_wait(void **state)
{
	struct pgo_waitgroup wg = { 0 };

	(void)state;
	pgo_waitgroup_wait(&wg);
	pgo_waitgroup_add(&wg, 3);
	pgo_waitgroup_add(&wg, -2);
	pgo_waitgroup_add(&wg, 0);
	pgo_waitgroup_done(&wg);
	pgo_waitgroup_wait(&wg);
}

static void wait_here(void *arg)
{
	struct hall *h = arg;

	pgo_waitgroup_wait(&h->wg);
	h->early += h->worked < WORKERS;
	h->back++;
	pgo_waitgroup_done(&h->home);
}

static void work(void *arg)
{
	struct hall *h = arg;

	if (h->worked % 7 == 0)
		pgo_yield();
	h->worked++;
	pgo_waitgroup_done(&h->wg);
}

static void fill(void *arg)
{
	struct hall *h = arg;

	pgo_waitgroup_add(&h->wg, WORKERS);
	pgo_waitgroup_add(&h->home, WAITERS);
	for (int i = 0; i < WAITERS; i++)
		pgo_go(wait_here, h);
	pgo_sleep(SHORT_NS);
	for (int i = 0; i < WORKERS; i++)
		pgo_go(work, h);
	pgo_waitgroup_wait(&h->home);
}

static void all_who_wait_go_home_when_all_is_done(void **state)
{
	struct hall h = { 0 };

	(void)state;
	on_goroutine(fill, &h);
	assert_int_equal(h.worked, WORKERS);
	assert_int_equal(h.back, WAITERS);
	assert_int_equal(h.early, 0);
}

static void work_in_rounds(void *arg)
{
	struct hall *h = arg;

	for (int round = 1; round <= ROUNDS; round++) {
		pgo_waitgroup_add(&h->wg, 5);
		for (int i = 0; i < 5; i++)
			pgo_go(work, h);
		pgo_waitgroup_wait(&h->wg);
		h->early += h->worked != 5 * round;
	}
}

static void it_can_be_used_again_and_again(void **state)
{
	struct hall h = { 0 };

	(void)state;
	on_goroutine(work_in_rounds, &h);
	assert_int_equal(h.worked, 5 * ROUNDS);
	assert_int_equal(h.early, 0);
}

static void *thread_waits(void *arg)
{
	wait_here(arg);
	return NULL;
}

static void finish_late(void *arg)
{
	struct hall *h = arg;

	pgo_sleep(SHORT_NS);
	h->worked = WORKERS;
	pgo_waitgroup_done(&h->wg);
}

static void a_thread_of_ones_own_may_wait(void **state)
{
	struct hall h = { 0 };
	pthread_t thread;

	(void)state;
	pgo_waitgroup_add(&h.wg, 1);
	pgo_waitgroup_add(&h.home, 1);
	pthread_create(&thread, NULL, thread_waits, &h);
	pgo_go(finish_late, &h);
	pthread_join(thread, NULL);
	assert_int_equal(h.back, 1);
	assert_int_equal(h.early, 0);
}

/* The waiter's own memory goes as soon as it is woken. */
static void start_and_forget(void *arg)
{
	struct hall *h = arg;

	for (int i = 0; i < ROUNDS; i++) {
		struct hall *own = calloc(1, sizeof(*own));

		pgo_waitgroup_add(&own->wg, 1);
		pgo_go(work, own);
		pgo_waitgroup_wait(&own->wg);
		h->worked += own->worked;
		memset(own, 0xff, sizeof(*own));
		free(own);
	}
}

static void it_may_be_freed_when_the_wait_is_over(void **state)
{
	struct hall h = { 0 };

	(void)state;
	on_goroutine(start_and_forget, &h);
	assert_int_equal(h.worked, ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_needs_no_wait),
		cmocka_unit_test(all_who_wait_go_home_when_all_is_done),
		cmocka_unit_test(it_can_be_used_again_and_again),
		cmocka_unit_test(a_thread_of_ones_own_may_wait),
		cmocka_unit_test(it_may_be_freed_when_the_wait_is_over),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
