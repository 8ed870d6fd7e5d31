/*
 * pgo_gomaxprocs(): more and fewer Ps while goroutines do what they do, and
 * what time-slices are worth.  Whatever was queued, free or allocated on a P
 * that goes is still there.
 */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pgo/pgo.h>

#include "test/unit/pgo/goroutine.h"

enum { MOMENT_NS = 300000, MOST = 1024 };

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Asking ------------------------------------------------------------------ */

struct answers {
	int before, was[4], is[4];
};

static void ask(void *arg)
{
	static const int wanted[] = { 3, 5000, 1, 2 };
	struct answers *a = arg;

	a->before = pgo_gomaxprocs(0);
	for (int i = 0; i < 4; i++) {
		a->was[i] = pgo_gomaxprocs(wanted[i]);
		a->is[i] = pgo_gomaxprocs(-1);
	}
}

static void check_answers(const struct answers *a)
{
	assert_true(a->before >= 1);
	assert_int_equal(a->was[0], a->before);
	assert_int_equal(a->is[0], 3);
	assert_int_equal(a->was[1], 3);
	assert_int_equal(a->is[1], MOST);
	assert_int_equal(a->was[2], MOST);
	assert_int_equal(a->is[2], 1);
	assert_int_equal(a->was[3], 1);
	assert_int_equal(a->is[3], 2);
}

static void it_says_how_many_there_were_and_are(void **state)
{
	struct answers a;

	(void)state;
	ask(&a);
	check_answers(&a);
	on_goroutine(ask, &a);
	check_answers(&a);
}

static int ask_in_comparison(const void *a, const void *b)
{
	(void)a;
	if (*(const int *)b < MOST)
		pgo_gomaxprocs(*(const int *)b);
	return 0;
}

static void ask_in_callback(void *arg)
{
	int v[2] = { 4, 1 };

	pgo_gomaxprocs(4);
	qsort(v, 2, sizeof(v[0]), ask_in_comparison);
	*(int *)arg = pgo_gomaxprocs(0);
}

static void in_a_callback_from_c_too(void **state)
{
	int is = 0;

	(void)state;
	on_goroutine(ask_in_callback, &is);
	assert_int_equal(is, 1);
}

/* At work ----------------------------------------------------------------- */

enum { RING = 24, ROUNDS = 250, CHANGES = 40 };

static struct {
	struct pgo_chan *ring[RING];
	_Atomic int busy;
	_Atomic long started, ended;
} work;

static void leaf(void *arg)
{
	long *v = pgo_malloc(48);

	*v = (long)(intptr_t)arg;
	if (*v % 4)
		pgo_yield();
	else
		pgo_sleep(MOMENT_NS);
	atomic_fetch_add(&work.ended, *v);
	pgo_free(v);
}

/* Hands values on; each time starts somebody, allocates, and calls C. */
static void worker(void *arg)
{
	long me = (long)(intptr_t)arg, v;

	for (int i = 0; i < ROUNDS; i++) {
		char *p = pgo_malloc(64 + (size_t)me * 8);

		pgo_chan_recv(work.ring[me], &v);
		p[0] = (char)v;
		if (pgo_go(leaf, (void *)(intptr_t)v) > 0)
			atomic_fetch_add(&work.started, v);
		v += 1 + (p[0] != (char)v) + (getpgrp() < 0);
		pgo_chan_send(work.ring[(me + 1) % RING], &v);
		pgo_free(p);
	}
	atomic_fetch_sub(&work.busy, 1);
}

static void work_begin(void)
{
	long v = 1;

	work.busy = RING;
	work.started = work.ended = 0;
	for (int i = 0; i < RING; i++)
		work.ring[i] = pgo_chan_make(sizeof(long), 4);
	for (int i = 0; i < RING; i++)
		assert_true(pgo_go(worker, (void *)(intptr_t)i) > 0);
	pgo_chan_send(work.ring[0], &v);
	pgo_chan_send(work.ring[RING / 2], &v);
}

static void work_end(void)
{
	while (pgo_numgoroutine() > 1)
		pgo_sleep(MOMENT_NS);
	for (int i = 0; i < RING; i++)
		pgo_chan_free(work.ring[i]);
}

/* Each hop adds one to the value it hands on. */
static void check_work(void)
{
	long all = (long)RING * ROUNDS;

	assert_int_equal(work.busy, 0);
	assert_int_equal(work.started, work.ended);
	assert_true(work.started >= all);
}

/* Any way but the same. */
static int other_than(int n, unsigned *seed)
{
	int m;

	do
		m = 1 + (int)(rand_r(seed) % 9);
	while (m == n);
	return m;
}

static void change_often(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;
	int n = 1;

	for (int i = 0; i < CHANGES || work.busy; i++) {
		n = other_than(n, &seed);
		pgo_gomaxprocs(n);
		pgo_sleep(MOMENT_NS);
	}
}

static void nothing_is_lost_when_a_goroutine_changes_it(void **state)
{
	(void)state;
	work_begin();
	on_goroutine(change_often, (void *)1);
	work_end();
	check_work();
}

static void nor_when_a_thread_does(void **state)
{
	(void)state;
	work_begin();
	change_often((void *)2);
	work_end();
	check_work();
}

static void *change_thread(void *arg)
{
	change_often(arg);
	return NULL;
}

static void nor_when_many_do_at_one_time(void **state)
{
	pthread_t other[3];

	(void)state;
	work_begin();
	for (uintptr_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&other[i], NULL, change_thread,
						(void *)(i + 3)), 0);
	on_goroutine(change_often, (void *)6);
	for (int i = 0; i < 3; i++)
		pthread_join(other[i], NULL);
	work_end();
	check_work();
}

/* Looked at meanwhile: a dump, a profile, a fork. */
static void look_often(void *arg)
{
	int null = open("/dev/null", O_WRONLY);
	int *wrong = arg;

	while (work.busy) {
		pid_t child;
		int status = 1;

		*wrong += pgo_debug_dump(null) != 0;
		child = fork();
		if (!child)
			_exit(0);
		*wrong += waitpid(child, &status, 0) != child || status;
	}
	close(null);
}

static void nor_when_it_is_looked_at(void **state)
{
	pthread_t other;
	int wrong = 0, null = open("/dev/null", O_WRONLY);

	(void)state;
	work_begin();
	assert_int_equal(pgo_cpuprofile_start(null, 1000), 0);
	assert_int_equal(pthread_create(&other, NULL, change_thread,
					(void *)7), 0);
	on_goroutine(look_often, &wrong);
	pthread_join(other, NULL);
	work_end();
	assert_int_equal(pgo_cpuprofile_stop(), 0);
	close(null);
	assert_int_equal(wrong, 0);
	check_work();
}

/* How many at once -------------------------------------------------------- */

static _Atomic int crowd_stop;

static void run_about(void *arg)
{
	(void)arg;
	while (!crowd_stop)
		pgo_poll();
}

static int64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Four that never rest use the time of one CPU, whatever there is. */
static void with_one_no_two_run_at_one_time(void **state)
{
	int64_t cpu, wall;

	(void)state;
	pgo_gomaxprocs(4);
	for (int i = 0; i < 4; i++)
		assert_true(pgo_go(run_about, NULL) > 0);
	pgo_sleep(10 * MOMENT_NS);
	pgo_gomaxprocs(1);
	cpu = -cpu_ns();
	wall = -now_ns();
	pgo_sleep(200 * MOMENT_NS);
	cpu += cpu_ns();
	wall += now_ns();
	crowd_stop = 1;
	while (pgo_numgoroutine() > 1)
		pgo_sleep(MOMENT_NS);
	assert_in_range(cpu, 1, wall * 13 / 10);
	pgo_gomaxprocs(2);
}

static _Atomic int has_read;

static void read_one(void *arg)
{
	char c;

	if (read(*(int *)arg, &c, 1) == 1)
		has_read++;
}

static void who_is_in_c_holds_nobody_up(void **state)
{
	int fd[4][2];
	int64_t took_ns;

	(void)state;
	pgo_gomaxprocs(4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pipe(fd[i]), 0);
		assert_true(pgo_go(read_one, fd[i]) > 0);
	}
	took_ns = -now_ns();
	pgo_gomaxprocs(1);
	took_ns += now_ns();
	assert_true(took_ns < 2000000000);
	for (int i = 0; i < 4; i++)
		assert_int_equal(write(fd[i][1], "", 1), 1);
	while (pgo_numgoroutine() > 1)
		pgo_sleep(MOMENT_NS);
	assert_int_equal(has_read, 4);
	for (int i = 0; i < 4; i++) {
		close(fd[i][0]);
		close(fd[i][1]);
	}
}

/* Slices ------------------------------------------------------------------ */

static struct {
	struct pgo_chan *there, *back;
	_Atomic int stop;
	_Atomic long turns;
} pair;

static void ping(void *arg)
{
	long v = 0;

	(void)arg;
	while (!pair.stop) {
		pgo_chan_send(pair.there, &v);
		pgo_chan_recv(pair.back, &v);
	}
	pgo_chan_close(pair.there);
}

static void pong(void *arg)
{
	long v;

	(void)arg;
	while (!pgo_chan_recv(pair.there, &v))
		pgo_chan_send(pair.back, &v);
	pair.stop = 2;
}

static void take_turns(void *arg)
{
	(void)arg;
	while (pair.turns < 20) {
		pair.turns++;
		pgo_yield();
	}
	pair.stop = 1;
}

/* They run in each other's slice, and each wakes the other without a call that
 * looks whether it is over. */
static void a_pair_that_talks_leaves_the_p_to_others(void **state)
{
	int64_t until = now_ns() + 20 * INT64_C(1000000000);

	(void)state;
	pgo_gomaxprocs(1);
	pair.there = pgo_chan_make(sizeof(long), 0);
	pair.back = pgo_chan_make(sizeof(long), 0);
	assert_true(pgo_go(pong, NULL) > 0);
	assert_true(pgo_go(ping, NULL) > 0);
	assert_true(pgo_go(take_turns, NULL) > 0);
	while (pair.stop < 2 && now_ns() < until)
		pgo_sleep(10 * MOMENT_NS);
	assert_int_equal(pair.turns, 20);
	assert_int_equal(pair.stop, 2);
	pgo_chan_free(pair.there);
	pgo_chan_free(pair.back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_says_how_many_there_were_and_are),
		cmocka_unit_test(in_a_callback_from_c_too),
		cmocka_unit_test(nothing_is_lost_when_a_goroutine_changes_it),
		cmocka_unit_test(nor_when_a_thread_does),
		cmocka_unit_test(nor_when_many_do_at_one_time),
		cmocka_unit_test(nor_when_it_is_looked_at),
		cmocka_unit_test(with_one_no_two_run_at_one_time),
		cmocka_unit_test(who_is_in_c_holds_nobody_up),
		cmocka_unit_test(a_pair_that_talks_leaves_the_p_to_others),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
