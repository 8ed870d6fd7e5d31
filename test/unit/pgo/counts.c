/*
 * What the runtime counts, as pgo_view_1 shows it: per goroutine how often it
 * ran, how long, and who woke it; per P what happened there.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <pgo/pgo.h>

#include "runtime/view.h"
#include "test/unit/pgo/goroutine.h"

enum {
	TIMES = 100,
	MANY = 300,
	MS_NS = 1000000,
	NAP_NS = 60 * MS_NS,
	LONG_NS = 50 * MS_NS,
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static struct view_counts all(void)
{
	struct view_counts c;

	if (!pgo_view_1.counts(-1, &c, sizeof(c)))
		abort();
	return c;
}

/* Of the calling goroutine. */
static struct view_life mine(void)
{
	struct view_life l = { 0 };

	for (uint32_t i = 0; i < pgo_view_1.slots(); i++)
		if (pgo_view_1.life(i, &l, sizeof(l)) && l.id == pgo_goid())
			return l;
	return (struct view_life){ 0 };
}

static int setup(void **state)
{
	pgo_gomaxprocs(1);
	return world_begin(state);
}

/* Goroutines ---- */

struct lives {
	struct view_life before, after;
	int64_t waker;
	struct pgo_chan *c;
	struct pgo_waitgroup done;
};

static void yield_often(void *arg)
{
	struct lives *l = arg;

	l->before = mine();
	for (int i = 0; i < TIMES; i++)
		pgo_yield();
	l->after = mine();
}

static void a_yield_is_one_more_run(void **state)
{
	struct lives l = { 0 };

	(void)state;
	on_goroutine(yield_often, &l);
	assert_true(l.before.id > 0);
	assert_int_equal(l.before.runs, 1);
	assert_int_equal(l.after.runs, 1 + TIMES);
	assert_int_equal(l.after.last_p, 0);
	assert_int_equal(l.after.woken_by, 0);
}

static void send_one(void *arg)
{
	struct lives *l = arg;
	char c = 0;

	l->waker = pgo_goid();
	pgo_chan_send(l->c, &c);
	pgo_waitgroup_done(&l->done);
}

static void be_woken(void *arg)
{
	struct lives *l = arg;
	char c;

	l->c = pgo_chan_make(1, 0);
	pgo_waitgroup_add(&l->done, 1);
	pgo_go(send_one, l);
	pgo_chan_recv(l->c, &c);
	l->before = mine();
	pgo_waitgroup_wait(&l->done);
	pgo_sleep(MS_NS);
	l->after = mine();
	pgo_chan_free(l->c);
}

static void who_was_woken_knows_by_whom(void **state)
{
	struct lives l = { 0 };

	(void)state;
	on_goroutine(be_woken, &l);
	assert_true(l.waker > 0);
	assert_int_equal(l.before.woken_by, l.waker);
	/* A timer is nobody. */
	assert_int_equal(l.after.woken_by, 0);
}

/* Times ---- */

struct stay {
	void (*fn)(struct stay *s);     /* what it does meanwhile */
	struct view_life before, after;
	int64_t inner_ns, outer_ns;     /* between the two looks, and around */
	_Atomic int64_t spun_ns;        /* by the one before it in the queue */
	struct pgo_chan *c;
};

static void stay(void *arg)
{
	struct stay *s = arg;
	int64_t outer = now_ns(), inner;

	s->before = mine();
	inner = now_ns();
	s->fn(s);
	s->inner_ns = now_ns() - inner;
	s->after = mine();
	s->outer_ns = now_ns() - outer;
}

/* No moment is lost or counted twice. */
static void expect_all_of_it(const struct stay *s)
{
	int64_t sum = s->after.run_ns - s->before.run_ns +
		      s->after.ready_ns - s->before.ready_ns +
		      s->after.blocked_ns - s->before.blocked_ns;

	assert_true(s->before.has_times);
	assert_true(s->after.has_times);
	assert_true(s->inner_ns >= LONG_NS);
	if (sum < s->inner_ns || sum > s->outer_ns)
		fail_msg("%lld ns are not from %lld to %lld", (long long)sum,
			 (long long)s->inner_ns, (long long)s->outer_ns);
}

static void look_up(struct stay *s)
{
	int64_t until = now_ns() + LONG_NS;

	(void)s;
	while (now_ns() < until)
		;
}

static void run_and_yield(struct stay *s)
{
	int64_t until = now_ns() + LONG_NS;

	(void)s;
	while (now_ns() < until)
		pgo_yield();
}

static void take_a_nap(struct stay *s)
{
	(void)s;
	pgo_sleep(LONG_NS);
}

static int keep_times(void **state)
{
	(void)state;
	pgo_view_1.keep_times(600000 * (int64_t)MS_NS);
	return 0;
}

static void without_being_asked_there_are_no_times(void **state)
{
	struct stay s = { .fn = look_up };
	struct view_life l = { .has_times = true };

	(void)state;
	on_goroutine(stay, &s);
	assert_false(s.after.has_times);
	pgo_view_1.keep_times(MS_NS);
	/* Whoever watches ends it. */
	for (int i = 0; i < 5000 && l.has_times; i++) {
		pgo_sleep(MS_NS);
		assert_true(pgo_view_1.life(0, &l, sizeof(l)));
	}
	assert_false(l.has_times);
}

static void who_works_runs(void **state)
{
	struct stay s = { .fn = look_up };

	(void)state;
	on_goroutine(stay, &s);
	expect_all_of_it(&s);
	assert_true(s.after.run_ns - s.before.run_ns >= LONG_NS);
	assert_int_equal(s.after.blocked_ns, 0);
}

static void who_sleeps_is_blocked(void **state)
{
	struct stay s = { .fn = take_a_nap };

	(void)state;
	on_goroutine(stay, &s);
	expect_all_of_it(&s);
	assert_true(s.after.blocked_ns - s.before.blocked_ns >= LONG_NS);
}

static void who_yields_is_not_blocked(void **state)
{
	struct stay s = { .fn = run_and_yield };

	(void)state;
	on_goroutine(stay, &s);
	expect_all_of_it(&s);
	assert_true(s.after.run_ns > s.before.run_ns);
	assert_true(s.after.ready_ns > s.before.ready_ns);
	assert_int_equal(s.after.blocked_ns, 0);
}

static void begin_late(void *arg)
{
	struct stay *s = arg;
	char c = 0;

	s->inner_ns = s->spun_ns;
	s->after = mine();
	pgo_chan_send(s->c, &c);
}

/* Until that one is run, when it is this one's turn to wait. */
static void keep_another_waiting(void *arg)
{
	struct stay *s = arg;
	int64_t begin;
	char c;

	s->c = pgo_chan_make(1, 1);
	pgo_go(begin_late, s);
	begin = now_ns();
	do
		s->spun_ns = now_ns() - begin;
	while (s->spun_ns < 3 * MS_NS);
	pgo_chan_recv(s->c, &c);
	pgo_chan_free(s->c);
}

static void who_waits_for_its_turn_is_ready(void **state)
{
	struct stay s = { 0 };

	(void)state;
	on_goroutine(keep_another_waiting, &s);
	assert_true(s.inner_ns > 0);
	assert_true(s.after.ready_ns >= s.inner_ns);
	assert_int_equal(s.after.blocked_ns, 0);
}

/* In all ---- */

static void end(void *arg)
{
	pgo_waitgroup_done(arg);
}

static void start_many(void *arg)
{
	struct pgo_waitgroup done = { 0 };

	pgo_waitgroup_add(&done, MANY);
	for (int i = 0; i < MANY; i++)
		pgo_go(end, &done);
	pgo_waitgroup_wait(&done);
	pgo_yield();
	*(struct view_counts *)arg = all();
}

static void starts_and_ends_are_counted_wherever_they_are(void **state)
{
	struct view_counts before = all(), after;

	(void)state;
	/* By a thread of the program's. */
	on_goroutine(start_many, &after);
	assert_int_equal(after.creates - before.creates, MANY + 1);
	assert_in_range(after.exits - before.exits, MANY, MANY + 1);
	assert_in_range(after.creates - after.exits, 2, 3);
}

static void change_and_start(void *arg)
{
	pgo_gomaxprocs(4);
	for (int i = 0; i < 10; i++)
		start_many(arg);
	pgo_gomaxprocs(1);
	*(struct view_counts *)arg = all();
}

static void a_p_that_goes_leaves_its_counts(void **state)
{
	struct view_counts before = all(), after, sum = { 0 }, one;
	int32_t n = 0;

	(void)state;
	on_goroutine(change_and_start, &after);
	assert_int_equal(after.creates - before.creates, 10 * MANY + 1);
	for (; pgo_view_1.counts(n, &one, sizeof(one)); n++)
		sum.exits += one.exits;
	assert_int_equal(n, 4);
	assert_int_equal(sum.exits, all().exits);
}

static __attribute__((noinline)) int next(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

/* Whether it was asked to leave, and did, before a second was over. */
static void run_till_asked(void *arg)
{
	uint64_t before = all().preempts;
	int64_t until = now_ns() + 2000 * (int64_t)MS_NS;
	int x = 0;

	while (all().preempts == before && now_ns() < until)
		x = next(x);
	*(bool *)arg = all().preempts > before;
}

static void yield_for_ever(void *arg)
{
	while (!*(_Atomic bool *)arg)
		pgo_yield();
}

static void who_runs_too_long_is_preempted(void **state)
{
	static _Atomic bool over;
	bool asked = false;

	(void)state;
	pgo_go(yield_for_ever, &over);
	on_goroutine(run_till_asked, &asked);
	over = true;
	assert_true(asked);
}

/* A call into C that sysmon takes the P from. */
static void nap_in_c(void *arg)
{
	static const struct timespec nap = { 0, NAP_NS };

	(void)arg;
	nanosleep(&nap, NULL);
}

static void a_p_taken_from_c_is_a_retake(void **state)
{
	struct view_counts before = all(), after;

	(void)state;
	on_goroutine(nap_in_c, NULL);
	after = all();
	assert_true(after.retakes > before.retakes);
	assert_true(after.handoffs - before.handoffs >=
		    after.retakes - before.retakes);
}

/* On all threads, for good. */
static void refuse_membarrier(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 4, filter };

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				 SECCOMP_FILTER_FLAG_TSYNC, &prog), 0);
}

/* The thread may be on its way back, and nobody could tell.  Last. */
static void without_a_barrier_no_p_is_taken(void **state)
{
	struct view_counts before, after;

	(void)state;
	refuse_membarrier();
	before = all();
	on_goroutine(nap_in_c, NULL);
	after = all();
	assert_int_equal(after.retakes, before.retakes);
}

/* Readers ---- */

static void an_older_reader_gets_what_it_has_room_for(void **state)
{
	uint64_t two[2] = { 0, 77 };
	struct view_counts c;

	(void)state;
	assert_true(pgo_view_1.counts(-1, (void *)two, sizeof(two[0])));
	assert_true(two[0] > 0);
	assert_int_equal(two[1], 77);
	assert_false(pgo_view_1.counts(1024, &c, sizeof(c)));
	assert_false(pgo_view_1.life(UINT32_MAX, (void *)two, sizeof(two)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_yield_is_one_more_run),
		cmocka_unit_test(who_was_woken_knows_by_whom),
		cmocka_unit_test(without_being_asked_there_are_no_times),
		cmocka_unit_test_setup(who_works_runs, keep_times),
		cmocka_unit_test(who_sleeps_is_blocked),
		cmocka_unit_test(who_yields_is_not_blocked),
		cmocka_unit_test(who_waits_for_its_turn_is_ready),
		cmocka_unit_test(starts_and_ends_are_counted_wherever_they_are),
		cmocka_unit_test(a_p_that_goes_leaves_its_counts),
		cmocka_unit_test(who_runs_too_long_is_preempted),
		cmocka_unit_test(a_p_taken_from_c_is_a_retake),
		cmocka_unit_test(an_older_reader_gets_what_it_has_room_for),
		cmocka_unit_test(without_a_barrier_no_p_is_taken),
	};

	return cmocka_run_group_tests(tests, setup, world_end);
}
