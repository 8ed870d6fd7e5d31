/* Locks of goroutines: who may hold them, who waits, who is woken. */
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

enum { SHORT_NS = 2000000, WORKERS = 40, TURNS = 2000 };

struct shop {
	struct pgo_mutex m;
	struct pgo_rwmutex rw;
	struct pgo_cond cond;
	struct pgo_sema sema;
	struct pgo_once once;
	struct pgo_waitgroup done;
	long plain;             /* what the lock guards */
	_Atomic int inside, readers, both, called, waiting, begun;
	_Atomic bool open;
	int order[WORKERS], n;
};

/* FN by WORKERS goroutines, to their ends. */
static void crowd(struct shop *s, void (*fn)(void *))
{
	pgo_waitgroup_add(&s->done, WORKERS);
	for (int i = 0; i < WORKERS; i++)
		pgo_go(fn, s);
	pgo_waitgroup_wait(&s->done);
}

/* Mutex ---- */

static void count_up(void *arg)
{
	struct shop *s = arg;

	for (int i = 0; i < TURNS; i++) {
		pgo_mutex_lock(&s->m);
		s->both += s->inside++;
		s->plain++;
		if (i % 64 == 0)
			pgo_yield();
		s->inside--;
		pgo_mutex_unlock(&s->m);
	}
	pgo_waitgroup_done(&s->done);
}

static void count_up_together(void *arg)
{
	crowd(arg, count_up);
}

static void one_at_a_time_holds_a_mutex(void **state)
{
	struct shop s = { 0 };

	(void)state;
	on_goroutine(count_up_together, &s);
	assert_int_equal(s.plain, (long)WORKERS * TURNS);
	assert_int_equal(s.both, 0);
	assert_int_equal(s.m.state_, 0);
}

static void trylock_takes_what_is_free(void **state)
{
	struct pgo_mutex m = { 0 };

	(void)state;
	assert_int_equal(pgo_mutex_trylock(&m), 1);
	assert_int_equal(pgo_mutex_trylock(&m), 0);
	pgo_mutex_unlock(&m);
	assert_int_equal(pgo_mutex_trylock(&m), 1);
	pgo_mutex_unlock(&m);
}

/* Holds it nearly always, and sleeps with it: the other would never win a
 * race. */
static void hog(void *arg)
{
	struct shop *s = arg;

	while (!s->open) {
		pgo_mutex_lock(&s->m);
		s->begun = 1;
		pgo_sleep(200000);
		pgo_mutex_unlock(&s->m);
	}
	pgo_waitgroup_done(&s->done);
}

static void wait_beside_a_hog(void *arg)
{
	struct shop *s = arg;

	pgo_waitgroup_add(&s->done, 1);
	pgo_go(hog, s);
	while (!s->begun)
		pgo_yield();
	for (int i = 0; i < 10; i++) {
		pgo_mutex_lock(&s->m);
		s->plain++;
		pgo_mutex_unlock(&s->m);
	}
	s->open = true;
	pgo_waitgroup_wait(&s->done);
}

static void who_waits_too_long_is_handed_it(void **state)
{
	struct shop s = { 0 };

	(void)state;
	on_goroutine(wait_beside_a_hog, &s);
	assert_int_equal(s.plain, 10);
}

static void *thread_count_up(void *arg)
{
	count_up(arg);
	return NULL;
}

static void threads_and_goroutines_share_one(void **state)
{
	struct shop s = { 0 };
	pthread_t thread[3];

	(void)state;
	pgo_waitgroup_add(&s.done, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL,
						thread_count_up, &s), 0);
	on_goroutine(count_up_together, &s);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(s.plain, (long)(WORKERS + 3) * TURNS);
}

/* Readers and writers ---- */

static void read_or_write(void *arg)
{
	struct shop *s = arg;
	bool writes = s->begun++ % 4 == 0;

	for (int i = 0; i < TURNS / 4; i++) {
		if (writes) {
			pgo_rwmutex_lock(&s->rw);
			s->both += s->inside++ + s->readers;
			s->plain++;
			if (i % 16 == 0)
				pgo_yield();
			s->inside--;
			pgo_rwmutex_unlock(&s->rw);
		} else {
			pgo_rwmutex_rlock(&s->rw);
			s->readers++;
			s->both += s->inside;
			if (i % 16 == 0)
				pgo_yield();
			s->readers--;
			pgo_rwmutex_runlock(&s->rw);
		}
	}
	pgo_waitgroup_done(&s->done);
}

static void read_and_write(void *arg)
{
	crowd(arg, read_or_write);
}

static void a_writer_is_alone(void **state)
{
	struct shop s = { 0 };

	(void)state;
	on_goroutine(read_and_write, &s);
	assert_int_equal(s.both, 0);
	assert_int_equal(s.plain, (long)WORKERS / 4 * (TURNS / 4));
}

static void write_once(void *arg)
{
	struct shop *s = arg;

	s->waiting = 1;
	pgo_rwmutex_lock(&s->rw);
	s->plain = s->called;
	pgo_rwmutex_unlock(&s->rw);
	pgo_waitgroup_done(&s->done);
}

static void read_late(void *arg)
{
	struct shop *s = arg;

	pgo_rwmutex_rlock(&s->rw);
	s->called++;
	pgo_rwmutex_runlock(&s->rw);
	pgo_waitgroup_done(&s->done);
}

static void writer_between_readers(void *arg)
{
	struct shop *s = arg;

	pgo_waitgroup_add(&s->done, 2);
	pgo_rwmutex_rlock(&s->rw);
	pgo_go(write_once, s);
	pgo_sleep(SHORT_NS);
	s->both = pgo_rwmutex_tryrlock(&s->rw);
	pgo_go(read_late, s);
	pgo_sleep(SHORT_NS);
	s->inside = s->called;
	pgo_rwmutex_runlock(&s->rw);
	pgo_waitgroup_wait(&s->done);
}

static void a_writer_that_waits_keeps_new_readers_out(void **state)
{
	struct shop s = { .plain = -1 };

	(void)state;
	on_goroutine(writer_between_readers, &s);
	assert_int_equal(s.both, 0);    /* tryrlock */
	assert_int_equal(s.inside, 0);  /* the late reader waited */
	assert_int_equal(s.plain, 0);   /* until the writer was done */
	assert_int_equal(s.called, 1);
}

/* Conditions ---- */

static void wait_for_opening(void *arg)
{
	struct shop *s = arg;

	pgo_mutex_lock(&s->m);
	s->waiting++;
	while (!s->open)
		pgo_cond_wait(&s->cond, &s->m);
	s->plain++;
	pgo_mutex_unlock(&s->m);
	pgo_waitgroup_done(&s->done);
}

static void open_shop(void *arg)
{
	struct shop *s = arg;

	pgo_waitgroup_add(&s->done, WORKERS);
	for (int i = 0; i < WORKERS; i++)
		pgo_go(wait_for_opening, s);
	while (s->waiting < WORKERS)
		pgo_yield();
	pgo_mutex_lock(&s->m);
	s->inside = (int)s->plain;
	s->open = true;
	pgo_mutex_unlock(&s->m);
	pgo_cond_broadcast(&s->cond);
	pgo_waitgroup_wait(&s->done);
}

static void broadcast_wakes_all_that_wait(void **state)
{
	struct shop s = { 0 };

	(void)state;
	on_goroutine(open_shop, &s);
	assert_int_equal(s.inside, 0);
	assert_int_equal(s.plain, WORKERS);
}

static void wait_in_order(void *arg)
{
	struct shop *s = arg;
	int me;

	pgo_mutex_lock(&s->m);
	me = s->waiting++;
	pgo_cond_wait(&s->cond, &s->m);
	s->order[s->n++] = me;
	pgo_mutex_unlock(&s->m);
	pgo_waitgroup_done(&s->done);
}

static void signal_each(void *arg)
{
	struct shop *s = arg;

	pgo_waitgroup_add(&s->done, WORKERS);
	for (int i = 0; i < WORKERS; i++) {
		pgo_go(wait_in_order, s);
		while (s->waiting <= i)
			pgo_yield();
	}
	for (int i = 0; i < WORKERS; i++) {
		pgo_mutex_lock(&s->m);
		pgo_cond_signal(&s->cond);
		pgo_mutex_unlock(&s->m);
		for (;;) {
			pgo_yield();
			pgo_mutex_lock(&s->m);
			if (s->n > i)
				break;
			pgo_mutex_unlock(&s->m);
		}
		s->both += s->n != i + 1;
		pgo_mutex_unlock(&s->m);
	}
	pgo_waitgroup_wait(&s->done);
}

static void signal_wakes_the_one_that_waits_longest(void **state)
{
	struct shop s = { 0 };

	(void)state;
	on_goroutine(signal_each, &s);
	assert_int_equal(s.both, 0);
	for (int i = 0; i < WORKERS; i++)
		assert_int_equal(s.order[i], i);
	/* Nobody waits: nothing happens, and nothing is kept. */
	pgo_cond_signal(&s.cond);
	pgo_cond_broadcast(&s.cond);
}

/* Semaphores and once ---- */

static void enter_and_leave(void *arg)
{
	struct shop *s = arg;

	for (int i = 0; i < TURNS / 10; i++) {
		pgo_sema_acquire(&s->sema);
		if (++s->inside > 3)
			s->both++;
		pgo_yield();
		s->inside--;
		pgo_sema_release(&s->sema);
	}
	pgo_waitgroup_done(&s->done);
}

static void three_at_a_time(void *arg)
{
	crowd(arg, enter_and_leave);
}

static void no_more_enter_than_there_is_room(void **state)
{
	struct shop s = { .sema = PGO_SEMA(3) };

	(void)state;
	on_goroutine(three_at_a_time, &s);
	assert_int_equal(s.both, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pgo_sema_tryacquire(&s.sema), 1);
	assert_int_equal(pgo_sema_tryacquire(&s.sema), 0);
}

static void call_slowly(void *arg)
{
	struct shop *s = arg;

	pgo_sleep(SHORT_NS);
	s->called++;
}

static void do_once(void *arg)
{
	struct shop *s = arg;

	pgo_once_do(&s->once, call_slowly, s);
	s->both += s->called != 1;
	pgo_waitgroup_done(&s->done);
}

static void do_once_all(void *arg)
{
	crowd(arg, do_once);
}

static void once_is_once_and_all_wait_for_it(void **state)
{
	struct shop s = { 0 };

	(void)state;
	on_goroutine(do_once_all, &s);
	assert_int_equal(s.called, 1);
	assert_int_equal(s.both, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time_holds_a_mutex),
		cmocka_unit_test(trylock_takes_what_is_free),
		cmocka_unit_test(who_waits_too_long_is_handed_it),
		cmocka_unit_test(threads_and_goroutines_share_one),
		cmocka_unit_test(a_writer_is_alone),
		cmocka_unit_test(a_writer_that_waits_keeps_new_readers_out),
		cmocka_unit_test(broadcast_wakes_all_that_wait),
		cmocka_unit_test(signal_wakes_the_one_that_waits_longest),
		cmocka_unit_test(no_more_enter_than_there_is_room),
		cmocka_unit_test(once_is_once_and_all_wait_for_it),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
