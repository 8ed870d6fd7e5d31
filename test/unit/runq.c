/* runtime/runq: order, overflow, stealing, and thieves at work beside the
 * owner.  Queues hold pointers only, so the goroutines here are zeroed. */
#include "runtime/runq.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/g.h"

enum { MANY = 4 * RUNQ_SIZE };

static struct g gs[MANY];

static struct runq *queue_new(void)
{
	return calloc(1, sizeof(struct runq));
}

/* Puts gs[FROM..TO) at the tail; nothing may overflow. */
static void put_range(struct runq *q, int from, int to)
{
	struct gchain overflow = { 0 };

	for (int i = from; i < to; i++)
		runq_put(q, &gs[i], false, &overflow);
	assert_int_equal(overflow.count, 0);
}

static int number_of(const struct g *gp)
{
	return gp ? (int)(gp - gs) : -1;
}

static int get(struct runq *q)
{
	bool inherit;

	return number_of(runq_get(q, &inherit));
}

static void first_in_is_first_out_across_the_wrap(void **state)
{
	struct runq *q = queue_new();

	(void)state;
	for (int round = 0; round < 10; round++) {
		put_range(q, 0, 200);
		assert_int_equal(runq_length(q), 200);
		for (int i = 0; i < 200; i++)
			assert_int_equal(get(q), i);
		assert_int_equal(get(q), -1);
		assert_true(runq_is_empty(q));
	}
	free(q);
}

static void runnext_goes_first_and_inherits_the_slice(void **state)
{
	struct runq *q = queue_new();
	struct gchain overflow = { 0 };
	bool inherit;

	(void)state;
	put_range(q, 0, 1);
	runq_put(q, &gs[1], true, &overflow);
	assert_int_equal(number_of(runq_get(q, &inherit)), 1);
	assert_true(inherit);
	assert_int_equal(number_of(runq_get(q, &inherit)), 0);
	assert_false(inherit);
	free(q);
}

static void a_second_runnext_pushes_the_first_to_the_tail(void **state)
{
	struct runq *q = queue_new();
	struct gchain overflow = { 0 };

	(void)state;
	put_range(q, 0, 2);
	runq_put(q, &gs[2], true, &overflow);
	assert_int_equal(runq_length(q), 2);
	runq_put(q, &gs[3], true, &overflow);
	assert_int_equal(runq_length(q), 3);
	assert_int_equal(get(q), 3);
	assert_int_equal(get(q), 0);
	assert_int_equal(get(q), 1);
	assert_int_equal(get(q), 2);
	free(q);
}

static void runnext_alone_is_not_empty_though_its_length_is_zero(void **state)
{
	struct runq *q = queue_new();
	struct gchain overflow = { 0 };

	(void)state;
	runq_put(q, &gs[0], true, &overflow);
	assert_int_equal(runq_length(q), 0);
	assert_false(runq_is_empty(q));
	free(q);
}

static void a_full_ring_gives_its_older_half_and_the_new_one(void **state)
{
	struct runq *q = queue_new();
	struct gchain overflow = { 0 };
	struct g *gp;

	(void)state;
	put_range(q, 0, RUNQ_SIZE);
	runq_put(q, &gs[RUNQ_SIZE], false, &overflow);
	assert_int_equal(overflow.count, RUNQ_SIZE / 2 + 1);
	gp = overflow.head;
	for (int i = 0; i < RUNQ_SIZE / 2; i++, gp = gp->link)
		assert_int_equal(number_of(gp), i);
	assert_int_equal(number_of(gp), RUNQ_SIZE);
	assert_ptr_equal(gp, overflow.tail);
	assert_null(gp->link);
	for (int i = RUNQ_SIZE / 2; i < RUNQ_SIZE; i++)
		assert_int_equal(get(q), i);
	assert_int_equal(get(q), -1);
	free(q);
}

static void chain_of(struct gchain *chain, int from, int to)
{
	*chain = (struct gchain){ &gs[from], &gs[to - 1],
				  (uint32_t)(to - from) };
	for (int i = from; i < to; i++)
		gs[i].link = i + 1 < to ? &gs[i + 1] : NULL;
}

static void a_chain_fills_the_ring_and_keeps_the_rest(void **state)
{
	struct runq *q = queue_new();
	struct gchain chain;

	(void)state;
	put_range(q, 0, 100);
	chain_of(&chain, 100, 300);
	assert_int_equal(runq_put_chain(q, &chain), RUNQ_SIZE - 100);
	assert_int_equal(chain.count, 300 - RUNQ_SIZE);
	assert_int_equal(number_of(chain.head), RUNQ_SIZE);
	assert_int_equal(number_of(chain.tail), 299);
	for (int i = 0; i < RUNQ_SIZE; i++)
		assert_int_equal(get(q), i);
	assert_int_equal(runq_put_chain(q, &chain), 300 - RUNQ_SIZE);
	assert_null(chain.head);
	assert_null(chain.tail);
	free(q);
}

static void a_thief_gets_the_older_half_rounded_up(void **state)
{
	static const struct { int had, taken; } rows[] = {
		{ 1, 1 }, { 2, 1 }, { 3, 2 }, { 7, 4 }, { RUNQ_SIZE, 128 },
	};

	(void)state;
	for (size_t row = 0; row < sizeof(rows) / sizeof(*rows); row++) {
		struct runq *from = queue_new();
		struct runq *to = queue_new();
		int taken = rows[row].taken;
		uint32_t count;

		put_range(from, 0, rows[row].had);
		/* The last of them runs at once, those before it queue. */
		assert_int_equal(number_of(runq_steal(to, from, NEXT_STAYS,
						      &count)),
				 taken - 1);
		assert_int_equal(count, taken);
		for (int i = 0; i < taken - 1; i++)
			assert_int_equal(get(to), i);
		assert_int_equal(get(to), -1);
		assert_int_equal(get(from), rows[row].had > 1 ? taken : -1);
		free(from);
		free(to);
	}
}

static void runnext_is_stolen_only_as_the_last_resort(void **state)
{
	struct runq *from = queue_new();
	struct runq *to = queue_new();
	struct gchain overflow = { 0 };
	uint32_t count;

	(void)state;
	runq_put(from, &gs[0], true, &overflow);
	assert_null(runq_steal(to, from, NEXT_STAYS, &count));
	assert_int_equal(count, 0);
	assert_int_equal(number_of(runq_steal(to, from, NEXT_TOO,
					      &count)), 0);
	assert_int_equal(count, 1);
	assert_true(runq_is_empty(from));
	assert_true(runq_is_empty(to));
	free(from);
	free(to);
}

/* Beside thieves ---- */

enum { ROUNDS = 40000, THIEVES = 2 };

static struct runq *shared;
static _Atomic uint32_t taken[MANY];
static _Atomic bool finished;

static void take(struct g *gp)
{
	if (gp)
		taken[number_of(gp)]++;
}

static void *thief_main(void *arg)
{
	struct runq *mine = queue_new();
	bool inherit;
	struct g *gp;

	(void)arg;
	while (!finished || !runq_is_empty(shared)) {
		uint32_t count;

		take(runq_steal(mine, shared, NEXT_TOO, &count));
		while ((gp = runq_get(mine, &inherit)) != NULL)
			take(gp);
	}
	free(mine);
	return NULL;
}

/* Each goroutine is put ROUNDS / MANY times, by runnext or by the tail. */
static void own(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct gchain overflow = { 0 };
		bool inherit;
		struct g *gp;

		runq_put(shared, &gs[i % MANY], i & 1, &overflow);
		for (gp = overflow.head; gp; gp = gp->link)
			take(gp);
		if (i % 3 == 0)
			take(runq_get(shared, &inherit));
	}
}

static void beside_thieves_each_comes_out_once_per_time_in(void **state)
{
	pthread_t thieves[THIEVES];
	uint32_t puts[MANY] = { 0 };

	(void)state;
	shared = queue_new();
	memset((void *)taken, 0, sizeof(taken));
	finished = false;
	for (int i = 0; i < THIEVES; i++)
		pthread_create(&thieves[i], NULL, thief_main, NULL);
	own();
	finished = true;
	for (int i = 0; i < THIEVES; i++)
		pthread_join(thieves[i], NULL);
	for (int i = 0; i < ROUNDS; i++)
		puts[i % MANY]++;
	for (int i = 0; i < MANY; i++)
		assert_int_equal(taken[i], puts[i]);
	free(shared);
}

static _Atomic uint64_t seen_empty, looks;

static void *watcher_main(void *arg)
{
	(void)arg;
	while (!finished) {
		seen_empty += runq_is_empty(shared);
		looks++;
	}
	return NULL;
}

/* The one moment that is hard to see right: the ring is empty and runnext is
 * not, then runnext is pushed to the ring and what pushed it is taken out.  At
 * least one goroutine is there all the time. */
static void a_queue_that_is_never_empty_is_never_seen_empty(void **state)
{
	struct runq *aside = queue_new();
	struct gchain overflow = { 0 };
	struct g *gp = &gs[1];
	pthread_t watcher;
	uint32_t count;
	bool inherit;

	(void)state;
	shared = queue_new();
	finished = false;
	seen_empty = looks = 0;
	runq_put(shared, &gs[0], true, &overflow);
	pthread_create(&watcher, NULL, watcher_main, NULL);
	for (int i = 0; i < 500000 || looks < 1000; i++) {
		runq_put(shared, gp, true, &overflow);
		gp = runq_get(shared, &inherit);
		runq_put(shared, gp, true, &overflow);
		gp = runq_steal(aside, shared, NEXT_STAYS, &count);
	}
	finished = true;
	pthread_join(watcher, NULL);
	assert_int_equal(seen_empty, 0);
	free(aside);
	free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_is_first_out_across_the_wrap),
		cmocka_unit_test(runnext_goes_first_and_inherits_the_slice),
		cmocka_unit_test(a_second_runnext_pushes_the_first_to_the_tail),
		cmocka_unit_test(
			runnext_alone_is_not_empty_though_its_length_is_zero),
		cmocka_unit_test(
			a_full_ring_gives_its_older_half_and_the_new_one),
		cmocka_unit_test(a_chain_fills_the_ring_and_keeps_the_rest),
		cmocka_unit_test(a_thief_gets_the_older_half_rounded_up),
		cmocka_unit_test(runnext_is_stolen_only_as_the_last_resort),
		cmocka_unit_test(
			beside_thieves_each_comes_out_once_per_time_in),
		cmocka_unit_test(
			a_queue_that_is_never_empty_is_never_seen_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
