/* Contexts and groups: who is told that nobody wants the result. */
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

enum { DEPTH = 1000, MEMBERS = 50, LIMIT = 4 };

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static bool is_done(struct pgo_ctx *c)
{
	return pgo_chan_tryrecv(pgo_ctx_done(c), NULL) == -EPIPE;
}

static void the_background_never_ends(void **state)
{
	struct pgo_ctx *c = pgo_ctx_background();

	(void)state;
	pgo_ctx_cancel(c);
	assert_int_equal(pgo_ctx_err(c), 0);
	assert_null(pgo_ctx_done(c));
	assert_true(pgo_ctx_deadline(c) == INT64_MAX);
	assert_null(pgo_ctx_value(c, c));
	pgo_ctx_put(c);
	assert_ptr_equal(pgo_ctx_get(c), c);
}

static void cancelling_ends_all_below_and_nothing_else(void **state)
{
	struct pgo_ctx *root = pgo_ctx_new(pgo_ctx_background());
	struct pgo_ctx *a = pgo_ctx_new(root), *b = pgo_ctx_new(root);
	struct pgo_ctx *a1 = pgo_ctx_new(a), *a2 = pgo_ctx_with(a, &a, &b);
	struct pgo_ctx *late;

	(void)state;
	pgo_ctx_cancel(a);
	pgo_ctx_cancel(a);
	assert_int_equal(pgo_ctx_err(a), -ECANCELED);
	assert_true(is_done(a) && is_done(a1) && is_done(a2));
	assert_false(is_done(b) || is_done(root));
	late = pgo_ctx_new(a2);
	assert_int_equal(pgo_ctx_err(late), -ECANCELED);
	assert_true(is_done(late));
	assert_ptr_equal(pgo_ctx_value(late, &a), &b);
	assert_null(pgo_ctx_value(late, &b));
	assert_null(pgo_ctx_value(late, NULL));
	/* Parents first: they live as long as children do. */
	pgo_ctx_put(root);
	pgo_ctx_put(a);
	pgo_ctx_cancel(b);
	assert_true(is_done(b) && is_done(late));
	pgo_ctx_put(a1);
	pgo_ctx_put(late);
	pgo_ctx_put(a2);
	pgo_ctx_put(b);
}

static void a_line_of_a_thousand_needs_no_stack(void *arg)
{
	struct pgo_ctx *top = pgo_ctx_new(pgo_ctx_background());
	struct pgo_ctx *c = pgo_ctx_get(top);
	bool *right = arg;

	for (int i = 0; i < DEPTH; i++) {
		struct pgo_ctx *child = pgo_ctx_new(c);

		pgo_ctx_put(c);
		c = child;
	}
	pgo_ctx_cancel(top);
	*right = is_done(c);
	pgo_ctx_put(top);
	pgo_ctx_put(c);
}

static void deep_trees_end_too(void **state)
{
	bool right = false;

	(void)state;
	on_goroutine(a_line_of_a_thousand_needs_no_stack, &right);
	assert_true(right);
}

struct waiting {
	int64_t took_ns;
	int err, child_err, early_err;
	int64_t deadline_ns;
};

static void wait_for_deadline(void *arg)
{
	struct waiting *w = arg;
	int64_t begin = now_ns();
	struct pgo_ctx *c = pgo_ctx_until(pgo_ctx_background(),
					  begin + 3 * MS_NS);
	struct pgo_ctx *child = pgo_ctx_until(c, begin + 3600000 * MS_NS);

	w->early_err = pgo_ctx_err(c);
	pgo_chan_recv(pgo_ctx_done(child), NULL);
	w->took_ns = now_ns() - begin;
	w->err = pgo_ctx_err(c);
	w->child_err = pgo_ctx_err(child);
	w->deadline_ns = pgo_ctx_deadline(child) - begin;
	pgo_ctx_put(c);
	pgo_ctx_put(child);
}

static void a_deadline_ends_it_for_children_too(void **state)
{
	struct waiting w = { 0 };

	(void)state;
	on_goroutine(wait_for_deadline, &w);
	assert_int_equal(w.early_err, 0);
	assert_true(w.took_ns >= 3 * MS_NS);
	assert_int_equal(w.err, -ETIMEDOUT);
	assert_int_equal(w.child_err, -ETIMEDOUT);
	assert_int_equal(w.deadline_ns, 3 * MS_NS);
}

/* Put, while the deadline passes. */
static void put_in_time(void *arg)
{
	_Atomic int *done = arg;

	for (int i = 0; i < 500; i++) {
		struct pgo_ctx *c = pgo_ctx_until(pgo_ctx_background(),
						  now_ns() + i % 7 * 1000);

		if (i % 2)
			pgo_yield();
		pgo_ctx_cancel(c);
		pgo_ctx_put(c);
	}
	++*done;
}

static void put_many(void *arg)
{
	_Atomic int *done = arg;

	for (int i = 0; i < 4; i++)
		pgo_go(put_in_time, arg);
	while (*done < 4)
		pgo_sleep(MS_NS);
}

static void deadlines_may_pass_while_contexts_go(void **state)
{
	_Atomic int done = 0;

	(void)state;
	on_goroutine(put_many, &done);
	assert_int_equal(done, 4);
}

/* Groups ---- */

struct work {
	_Atomic int now, most, begun, cancelled;
	int limit, result, refused;
};

static int member(struct pgo_ctx *ctx, void *arg)
{
	struct work *w = arg;
	int me = w->begun++, now = ++w->now;

	if (now > w->most)
		w->most = now;
	pgo_yield();
	w->now--;
	if (me == 7)
		return -EIO;
	if (me > 7) {
		/* Until number 7 fails. */
		pgo_chan_recv(pgo_ctx_done(ctx), NULL);
		w->cancelled++;
		return pgo_ctx_err(ctx);
	}
	return 0;
}

static void run_group(void *arg)
{
	struct work *w = arg;
	struct pgo_group *g = pgo_group_new(pgo_ctx_background(), w->limit);

	for (int i = 0; i < MEMBERS; i++)
		w->refused += pgo_group_go(g, member, w) != 0;
	w->result = pgo_group_wait(g);
}

static void the_first_failure_stops_the_group(void **state)
{
	struct work w = { 0 };

	(void)state;
	on_goroutine(run_group, &w);
	assert_int_equal(w.result, -EIO);
	assert_int_equal(w.refused, 0);
	assert_int_equal(w.begun, MEMBERS);
	assert_int_equal(w.cancelled, MEMBERS - 8);
}

static int short_member(struct pgo_ctx *ctx, void *arg)
{
	struct work *w = arg;
	int now = ++w->now;

	(void)ctx;
	if (now > w->most)
		w->most = now;
	w->begun++;
	pgo_sleep(MS_NS / 4);
	w->now--;
	return 0;
}

static void run_limited(void *arg)
{
	struct work *w = arg;
	struct pgo_group *g = pgo_group_new(pgo_ctx_background(), LIMIT);

	for (int i = 0; i < MEMBERS; i++)
		pgo_group_go(g, short_member, w);
	w->result = pgo_group_wait(g);
}

static void a_limit_is_kept(void **state)
{
	struct work w = { .result = 1 };

	(void)state;
	on_goroutine(run_limited, &w);
	assert_int_equal(w.result, 0);
	assert_int_equal(w.begun, MEMBERS);
	assert_in_range(w.most, 2, LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_background_never_ends),
		cmocka_unit_test(cancelling_ends_all_below_and_nothing_else),
		cmocka_unit_test(deep_trees_end_too),
		cmocka_unit_test(a_deadline_ends_it_for_children_too),
		cmocka_unit_test(deadlines_may_pass_while_contexts_go),
		cmocka_unit_test(the_first_failure_stops_the_group),
		cmocka_unit_test(a_limit_is_kept),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
