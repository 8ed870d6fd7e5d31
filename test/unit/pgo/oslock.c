/*
 * pgo_lock_os_thread(): the goroutine stays on its thread over everything that
 * would move it, and nobody else runs there.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "test/unit/pgo/goroutine.h"

enum { ROUNDS = 200, OTHERS = 8, SHORT_NS = 200000, LOCKED = 4 };

static __thread int mark;

/* Not inlined: the address of a thread-local may not be kept over a park. */
__attribute__((noinline)) static int *my_mark(void)
{
	__asm__ volatile("" : : : "memory");
	return &mark;
}

static struct {
	_Atomic bool stop;
	_Atomic int strangers, moved, wrong_marks, ends;
	struct pgo_waitgroup wg;
	struct pgo_chan *there, *back;
	pid_t tid;
	int marks[LOCKED];
} t;

/* Whether it ever runs on a thread that somebody has marked. */
static void stranger(void *arg)
{
	(void)arg;
	while (!t.stop) {
		t.strangers += *my_mark() != 0;
		pgo_yield();
	}
	pgo_waitgroup_done(&t.wg);
}

static void echo(void *arg)
{
	int v;

	(void)arg;
	while (!pgo_chan_recv(t.there, &v))
		pgo_chan_send(t.back, &v);
	pgo_waitgroup_done(&t.wg);
}

static int compare_slowly(const void *a, const void *b)
{
	pgo_sleep(SHORT_NS / 20);
	return *(const int *)a - *(const int *)b;
}

/* Everything that may lead to another thread. */
static void wander(int i)
{
	struct timespec nap = { 0, SHORT_NS };
	int v[4] = { 3, 1, 2, 0 };

	switch (i % 5) {
	case 0:
		pgo_yield();
		break;
	case 1:
		pgo_sleep(SHORT_NS);
		break;
	case 2:
		nanosleep(&nap, NULL);
		break;
	case 3:
		qsort(v, 4, sizeof(int), compare_slowly);
		break;
	default:
		pgo_chan_send(t.there, &i);
		pgo_chan_recv(t.back, &i);
	}
}

static void stay(void *arg)
{
	int me = (int)(intptr_t)arg;
	pid_t tid;

	pgo_lock_os_thread();
	tid = gettid();
	*my_mark() = me;
	for (int i = 0; i < ROUNDS; i++) {
		wander(i);
		t.moved += gettid() != tid;
		t.wrong_marks += *my_mark() != me;
	}
	*my_mark() = 0;
	pgo_unlock_os_thread();
	pgo_waitgroup_done(&t.wg);
}

static void begin_crowd(void)
{
	t.stop = false;
	t.strangers = t.moved = t.wrong_marks = t.ends = 0;
	t.there = pgo_chan_make(sizeof(int), 0);
	t.back = pgo_chan_make(sizeof(int), 0);
	pgo_waitgroup_add(&t.wg, OTHERS + 1);
	for (int i = 0; i < OTHERS; i++)
		pgo_go(stranger, NULL);
	pgo_go(echo, NULL);
}

static void end_crowd(void)
{
	t.stop = true;
	pgo_chan_close(t.there);
	pgo_waitgroup_wait(&t.wg);
	pgo_chan_free(t.there);
	pgo_chan_free(t.back);
}

static void stay_in_a_crowd(void *arg)
{
	(void)arg;
	begin_crowd();
	stay((void *)1);
	pgo_waitgroup_add(&t.wg, 1);
	end_crowd();
}

static void a_locked_goroutine_has_a_thread_to_itself(void **state)
{
	(void)state;
	on_goroutine(stay_in_a_crowd, NULL);
	assert_int_equal(t.moved, 0);
	assert_int_equal(t.wrong_marks, 0);
	assert_int_equal(t.strangers, 0);
}

static void stay_together(void *arg)
{
	(void)arg;
	begin_crowd();
	pgo_waitgroup_add(&t.wg, LOCKED);
	for (intptr_t i = 1; i <= LOCKED; i++)
		pgo_go(stay, (void *)i);
	while (pgo_numgoroutine() > OTHERS + 3)
		pgo_sleep(SHORT_NS);
	end_crowd();
}

static void several_are_locked_at_one_time(void **state)
{
	(void)state;
	on_goroutine(stay_together, NULL);
	assert_int_equal(t.moved, 0);
	assert_int_equal(t.wrong_marks, 0);
	assert_int_equal(t.strangers, 0);
}

/* Counts ------------------------------------------------------------------ */

static void nest(void *arg)
{
	int *moved = arg;
	pid_t tid;

	begin_crowd();
	pgo_unlock_os_thread();
	pgo_lock_os_thread();
	pgo_lock_os_thread();
	pgo_unlock_os_thread();
	tid = gettid();
	for (int i = 0; i < ROUNDS; i++) {
		wander(i);
		*moved += gettid() != tid;
	}
	pgo_unlock_os_thread();
	end_crowd();
}

static void it_takes_as_many_unlocks(void **state)
{
	int moved = 0;

	(void)state;
	on_goroutine(nest, &moved);
	assert_int_equal(moved, 0);
}

static void tell_tid(void *arg)
{
	pid_t tid = gettid();

	pgo_chan_send(arg, &tid);
}

static void start_one_locked(void *arg)
{
	struct pgo_chan *c = pgo_chan_make(sizeof(pid_t), 0);
	pid_t *tids = arg;

	pgo_lock_os_thread();
	tids[0] = gettid();
	pgo_go(tell_tid, c);
	pgo_chan_recv(c, &tids[1]);
	pgo_unlock_os_thread();
	pgo_chan_free(c);
}

static void a_new_goroutine_is_not_locked(void **state)
{
	pid_t tids[2] = { 0, 0 };

	(void)state;
	on_goroutine(start_one_locked, tids);
	assert_true(tids[1] != 0);
	assert_true(tids[0] != tids[1]);
}

/* Ends -------------------------------------------------------------------- */

static void end_locked(void *arg)
{
	*(_Atomic pid_t *)arg = gettid();
	pgo_lock_os_thread();
}

static void exit_locked(void *arg)
{
	pgo_lock_os_thread();
	*(_Atomic pid_t *)arg = gettid();
	pgo_goexit();
}

static bool thread_exists(pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d", (int)tid);
	return access(path, F_OK) == 0;
}

static bool is_gone_soon(pid_t tid)
{
	for (int i = 0; i < 2000 && thread_exists(tid); i++)
		usleep(1000);
	return !thread_exists(tid);
}

/* Not errands: M0, where one may run, does not end. */
static pid_t run_to_its_end(void (*fn)(void *))
{
	static _Atomic pid_t tid;

	tid = 0;
	pgo_go(fn, (void *)&tid);
	while (!tid)
		usleep(100);
	return tid;
}

static void a_thread_still_locked_ends_with_its_goroutine(void **state)
{
	int gone = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		gone += is_gone_soon(run_to_its_end(end_locked));
		gone += is_gone_soon(run_to_its_end(exit_locked));
	}
	/* One of them may have been M0, which only goes to sleep. */
	assert_in_range(gone, 39, 40);
	a_new_goroutine_is_not_locked(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_locked_goroutine_has_a_thread_to_itself),
		cmocka_unit_test(several_are_locked_at_one_time),
		cmocka_unit_test(it_takes_as_many_unlocks),
		cmocka_unit_test(a_new_goroutine_is_not_locked),
		cmocka_unit_test(a_thread_still_locked_ends_with_its_goroutine),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
