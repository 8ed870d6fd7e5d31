/*
 * pgo_start(): the program owns main() and its threads, and every noun works
 * from them.  The tests run on the main thread, in order: before the start,
 * the start, after it.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>
#include <pgo/pgo.h>

enum { STARTERS = 16, ROUNDS = 300, SHORT_NS = 2000000 };

static void add_one(void *arg)
{
	atomic_fetch_add((_Atomic int *)arg, 1);
}

static void nothing_starts_before_it(void **state)
{
	_Atomic int n = 0;

	(void)state;
	assert_int_equal(pgo_go(add_one, &n), -EINVAL);
	assert_int_equal(pgo_numgoroutine(), 0);
}

/* Starting ---------------------------------------------------------------- */

struct starter {
	pthread_t thread;
	pthread_barrier_t *together;
	struct pgo_waitgroup *wg;
	int rc;
	int64_t id;
};

static void done(void *arg)
{
	pgo_waitgroup_done(arg);
}

static void *start_and_go(void *arg)
{
	struct starter *s = arg;

	pthread_barrier_wait(s->together);
	s->rc = pgo_start();
	s->id = pgo_go(done, s->wg);
	return NULL;
}

static void of_many_at_once_one_starts_and_all_can_go_on(void **state)
{
	struct starter s[STARTERS];
	struct pgo_waitgroup wg = { 0 };
	pthread_barrier_t together;
	int started = 0;

	(void)state;
	pgo_waitgroup_add(&wg, STARTERS);
	pthread_barrier_init(&together, NULL, STARTERS);
	for (int i = 0; i < STARTERS; i++) {
		s[i].together = &together;
		s[i].wg = &wg;
		assert_int_equal(pthread_create(&s[i].thread, NULL,
						start_and_go, &s[i]), 0);
	}
	for (int i = 0; i < STARTERS; i++) {
		pthread_join(s[i].thread, NULL);
		started += s[i].rc == 0;
		assert_true(s[i].rc == 0 || s[i].rc == -EALREADY);
		assert_true(s[i].id > 1);
	}
	pgo_waitgroup_wait(&wg);
	assert_int_equal(started, 1);
}

static void start_again(void *arg)
{
	_Atomic int *rc = arg;

	rc[0] = pgo_start();
	rc[1] = pgo_run(add_one, arg);
}

static void a_second_start_or_run_is_already(void **state)
{
	_Atomic int n = 0, rc[2] = { 0 };

	(void)state;
	assert_int_equal(pgo_start(), -EALREADY);
	assert_int_equal(pgo_run(add_one, &n), -EALREADY);
	assert_true(pgo_go(start_again, rc) > 1);
	while (pgo_numgoroutine())
		pgo_sleep(SHORT_NS);
	assert_int_equal(rc[0], -EALREADY);
	assert_int_equal(rc[1], -EALREADY);
	assert_int_equal(n, 0);
}

static void a_plain_thread_is_no_goroutine(void **state)
{
	(void)state;
	assert_int_equal(pgo_goid(), 0);
	pgo_yield();
	pgo_poll();
	pgo_lock_os_thread();
	pgo_unlock_os_thread();
	assert_true(pgo_gomaxprocs(0) >= 1);
}

/* Channels ---------------------------------------------------------------- */

struct pipe {
	struct pgo_chan *in, *out;
};

static struct pipe pipe_make(size_t cap)
{
	return (struct pipe){ pgo_chan_make(sizeof(int), cap),
			      pgo_chan_make(sizeof(int), cap) };
}

static void pipe_free(struct pipe *p)
{
	while (pgo_numgoroutine())
		pgo_sleep(SHORT_NS / 10);
	pgo_chan_free(p->in);
	pgo_chan_free(p->out);
}

/* Doubles what comes, until its end. */
static void doubler(void *arg)
{
	struct pipe *p = arg;
	int v;

	while (!pgo_chan_recv(p->in, &v)) {
		v *= 2;
		pgo_chan_send(p->out, &v);
	}
	pgo_chan_close(p->out);
}

static void talk(size_t cap)
{
	struct pipe p = pipe_make(cap);
	int v;

	assert_true(pgo_go(doubler, &p) > 0);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(pgo_chan_send(p.in, &i), 0);
		assert_int_equal(pgo_chan_recv(p.out, &v), 0);
		assert_int_equal(v, 2 * i);
	}
	pgo_chan_close(p.in);
	assert_int_equal(pgo_chan_recv(p.out, &v), -EPIPE);
	pipe_free(&p);
}

static void a_thread_talks_to_a_goroutine(void **state)
{
	(void)state;
	talk(0);
	talk(3);
}

static void *doubler_thread(void *arg)
{
	doubler(arg);
	return NULL;
}

static void threads_talk_to_each_other(void **state)
{
	struct pipe p = pipe_make(0);
	pthread_t other;
	int v;

	(void)state;
	assert_int_equal(pthread_create(&other, NULL, doubler_thread, &p), 0);
	for (int i = 0; i < ROUNDS; i++) {
		pgo_chan_send(p.in, &i);
		pgo_chan_recv(p.out, &v);
		assert_int_equal(v, 2 * i);
	}
	pgo_chan_close(p.in);
	pthread_join(other, NULL);
	pipe_free(&p);
}

static void a_thread_selects(void **state)
{
	struct pipe p = pipe_make(0);
	int sent = 0, got = 0, sum = 0, v;

	(void)state;
	assert_true(pgo_go(doubler, &p) > 0);
	while (got < ROUNDS) {
		struct pgo_case cases[] = {
			{ sent < ROUNDS ? p.in : NULL, PGO_SEND, &sent, 0 },
			{ p.out, PGO_RECV, &v, 0 },
		};

		if (pgo_select(cases, 2, 0) == 0) {
			sent++;
		} else {
			assert_int_equal(cases[1].ok, 1);
			got++;
			sum += v;
		}
	}
	assert_int_equal(sum, ROUNDS * (ROUNDS - 1));
	pgo_chan_close(p.in);
	assert_int_equal(pgo_chan_recv(p.out, &v), -EPIPE);
	pipe_free(&p);
}

/* Locks ------------------------------------------------------------------- */

struct shop {
	struct pgo_mutex m;
	struct pgo_rwmutex rw;
	struct pgo_cond cond;
	struct pgo_sema sema;
	struct pgo_once once;
	struct pgo_waitgroup wg;
	int plain, held;        /* of the mutex, of the semaphore */
	_Atomic int readers, wrong, calls;
	int turn;
};

static void work(struct shop *s, int me)
{
	for (int i = 0; i < ROUNDS; i++) {
		pgo_mutex_lock(&s->m);
		s->plain++;
		pgo_mutex_unlock(&s->m);
		pgo_rwmutex_lock(&s->rw);
		s->wrong += s->readers != 0;
		pgo_rwmutex_unlock(&s->rw);
		pgo_rwmutex_rlock(&s->rw);
		s->readers++;
		s->readers--;
		pgo_rwmutex_runlock(&s->rw);
		pgo_sema_acquire(&s->sema);
		s->held++;
		pgo_sema_release(&s->sema);
		pgo_mutex_lock(&s->m);
		while (s->turn % 2 != me)
			pgo_cond_wait(&s->cond, &s->m);
		s->turn++;
		pgo_cond_broadcast(&s->cond);
		pgo_mutex_unlock(&s->m);
	}
}

static void call_once(void *arg)
{
	struct shop *s = arg;

	pgo_sleep(SHORT_NS);
	s->calls++;
}

static void worker(void *arg)
{
	struct shop *s = arg;

	pgo_once_do(&s->once, call_once, s);
	work(s, 1);
	pgo_waitgroup_done(&s->wg);
}

static void locks_hold_between_a_thread_and_a_goroutine(void **state)
{
	struct shop s = { 0 };

	(void)state;
	pgo_sema_release(&s.sema);
	pgo_waitgroup_add(&s.wg, 1);
	assert_true(pgo_go(worker, &s) > 0);
	pgo_once_do(&s.once, call_once, &s);
	assert_int_equal(s.calls, 1);
	work(&s, 0);
	pgo_waitgroup_wait(&s.wg);
	assert_int_equal(s.wrong, 0);
	assert_int_equal(s.turn, 2 * ROUNDS);
	assert_int_equal(s.plain, 2 * ROUNDS);
	assert_int_equal(s.held, 2 * ROUNDS);
}

/* Time -------------------------------------------------------------------- */

static int64_t receive_time(struct pgo_chan *c)
{
	int64_t at = 0;

	assert_int_equal(pgo_chan_recv(c, &at), 0);
	return at;
}

static void timers_ring_for_a_thread(void **state)
{
	struct pgo_timer *once = pgo_timer_new(SHORT_NS);
	struct pgo_timer *ticker = pgo_ticker_new(SHORT_NS);
	struct pgo_chan *after = pgo_after(SHORT_NS);
	_Atomic int calls = 0;
	struct pgo_timer *func = pgo_after_func(SHORT_NS, add_one, &calls);

	(void)state;
	receive_time(pgo_timer_chan(once));
	assert_int_equal(pgo_timer_stop(once), 0);
	receive_time(pgo_timer_chan(ticker));
	receive_time(pgo_timer_chan(ticker));
	receive_time(after);
	for (int i = 0; i < 1000 && !calls; i++)
		pgo_sleep(SHORT_NS);
	assert_int_equal(calls, 1);
	pgo_timer_free(once);
	pgo_timer_free(ticker);
	pgo_timer_free(func);
	pgo_chan_free(after);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void a_thread_sleeps_as_long_as_it_says(void **state)
{
	int64_t from = now_ns();

	(void)state;
	pgo_sleep(5 * SHORT_NS);
	assert_true(now_ns() - from >= 5 * SHORT_NS);
	pgo_sleep(0);
	pgo_sleep(-1);
}

/* Contexts and groups ----------------------------------------------------- */

static int fail_late(struct pgo_ctx *ctx, void *arg)
{
	char c;

	if (arg)
		return -ENOENT;
	pgo_chan_recv(pgo_ctx_done(ctx), &c);
	return pgo_ctx_err(ctx);
}

static void a_thread_waits_for_a_group(void **state)
{
	struct pgo_group *g = pgo_group_new(pgo_ctx_background(), 0);

	(void)state;
	assert_int_equal(pgo_group_go(g, fail_late, NULL), 0);
	assert_int_equal(pgo_group_go(g, fail_late, g), 0);
	assert_int_equal(pgo_group_wait(g), -ENOENT);
}

static void a_context_of_a_thread_ends_in_time(void **state)
{
	struct pgo_ctx *c = pgo_ctx_until(pgo_ctx_background(),
					  now_ns() + SHORT_NS);
	char none;

	(void)state;
	assert_int_equal(pgo_chan_recv(pgo_ctx_done(c), &none), -EPIPE);
	assert_int_equal(pgo_ctx_err(c), -ETIMEDOUT);
	pgo_ctx_put(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_starts_before_it),
		cmocka_unit_test(of_many_at_once_one_starts_and_all_can_go_on),
		cmocka_unit_test(a_second_start_or_run_is_already),
		cmocka_unit_test(a_plain_thread_is_no_goroutine),
		cmocka_unit_test(a_thread_talks_to_a_goroutine),
		cmocka_unit_test(threads_talk_to_each_other),
		cmocka_unit_test(a_thread_selects),
		cmocka_unit_test(locks_hold_between_a_thread_and_a_goroutine),
		cmocka_unit_test(timers_ring_for_a_thread),
		cmocka_unit_test(a_thread_sleeps_as_long_as_it_says),
		cmocka_unit_test(a_thread_waits_for_a_group),
		cmocka_unit_test(a_context_of_a_thread_ends_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
