/* runtime/gtab: slots, claims, and who wins a race for one. */
#include "runtime/gtab.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/fatal.h"
#include "runtime/g.h"

enum { MOVES = 100000 };

/* Of the runtime, which cannot be linked here: a lock's last word. */
void fatal_throw(const char *text)
{
	fputs(text, stderr);
	abort();
}

static struct gtab_row *row_in(uint32_t state, uint32_t *slot)
{
	struct g *gp = gtab_new_slot();

	assert_non_null(gp);
	*slot = (uint32_t)gp->slot;
	atomic_store(&gp->row->status, state);
	return gp->row;
}

static void a_slot_knows_its_row_and_both_are_zero(void **state)
{
	uint32_t before = gtab_count();
	struct g *gp = gtab_new_slot();

	(void)state;
	assert_non_null(gp);
	assert_int_equal(gp->slot, before);
	assert_int_equal(gtab_count(), before + 1);
	assert_ptr_equal(gtab_g(before), gp);
	assert_ptr_equal(gtab_row(before), gp->row);
	assert_int_equal(gp->row->status, G_IDLE);
	assert_int_equal(gp->row->parks, 0);
	assert_null(gp->base);
}

static void slots_stay_in_place_when_the_table_grows(void **state)
{
	uint32_t first = gtab_count();
	struct g *gp = gtab_new_slot();
	struct g *last = gp;

	(void)state;
	gp->id = 42;
	for (int i = 0; i < 3 * GTAB_CHUNK; i++)
		last = gtab_new_slot();
	assert_ptr_equal(gtab_g(first), gp);
	assert_int_equal(gtab_g(first)->id, 42);
	assert_int_equal(last->slot, first + 3 * GTAB_CHUNK);
	assert_ptr_equal(gtab_g((uint32_t)last->slot), last);
	assert_ptr_equal(gtab_row((uint32_t)last->slot), last->row);
}

static void a_row_takes_sixteen_bytes(void **state)
{
	struct gtab_row *row = row_in(G_IDLE, &(uint32_t){ 0 });

	(void)state;
	assert_int_equal((char *)(row + 1) - (char *)row, 16);
}

static void only_those_nobody_runs_can_be_claimed(void **state)
{
	static const struct { uint32_t status; bool claimed; } rows[] = {
		{ G_IDLE, false },
		{ G_RUNNABLE, true },
		{ G_RUNNING, false },
		{ G_WAITING | 3u << G_REASON_SHIFT, true },
		{ G_DEAD, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint32_t slot;
		uint32_t was = ~0u;
		struct gtab_row *row = row_in(rows[i].status, &slot);

		assert_int_equal(gtab_begin_scan(slot, &was), rows[i].claimed);
		assert_int_equal(row->claim, rows[i].claimed);
		assert_int_equal(row->status, rows[i].status);
		if (!rows[i].claimed)
			continue;
		assert_int_equal(was, rows[i].status);
		gtab_end_scan(slot);
		assert_int_equal(row->claim, 0);
	}
}

static void a_claimed_one_cannot_be_claimed_again(void **state)
{
	uint32_t slot;
	uint32_t was;
	uint32_t again;

	(void)state;
	row_in(G_WAITING, &slot);
	assert_true(gtab_begin_scan(slot, &was));
	assert_false(gtab_begin_scan(slot, &again));
	gtab_end_scan(slot);
	assert_true(gtab_begin_scan(slot, &again));
	gtab_end_scan(slot);
}

static void a_free_slot_can_be_claimed_as_such_only(void **state)
{
	uint32_t slot;
	uint32_t was;

	(void)state;
	row_in(G_IDLE, &slot);
	assert_false(gtab_begin_scan(slot, &was));
	assert_true(gtab_begin_scan_idle(slot));
	assert_false(gtab_begin_scan_idle(slot));
	gtab_end_scan(slot);
	row_in(G_WAITING, &slot);
	assert_false(gtab_begin_scan_idle(slot));
}

static void readers_are_there_until_somebody_says_they_are_gone(void **state)
{
	uint32_t slot;
	uint32_t was;

	(void)state;
	gtab_end_scans();
	assert_int_equal(gtab_readers, 0);
	row_in(G_WAITING, &slot);
	assert_true(gtab_begin_scan(slot, &was));
	gtab_end_scans();
	assert_int_not_equal(gtab_readers, 0);
	gtab_end_scan(slot);
	assert_int_not_equal(gtab_readers, 0);
	gtab_end_scans();
	assert_int_equal(gtab_readers, 0);
}

static void state_and_reason_share_the_word(void **state)
{
	uint32_t status = G_WAITING | 5u << G_REASON_SHIFT;

	(void)state;
	assert_int_equal(gtab_state(status), G_WAITING);
	assert_int_equal(gtab_reason(status), 5);
}

/* A goroutine that is woken and parks again, beside a reader ---- */

static struct {
	struct gtab_row *row;
	uint32_t slot;
	_Atomic uint64_t writes;        /* the owner's, while it runs */
	_Atomic uint64_t claims;        /* the reader's */
	_Atomic bool finished;
} shared;

static void *owner_main(void *arg)
{
	uint32_t waiting = G_WAITING | 1u << G_REASON_SHIFT;

	(void)arg;
	/* Of one processor the reader may get nothing for long. */
	for (int i = 0; i < MOVES || !shared.claims; i++) {
		gtab_move(shared.row, waiting, G_RUNNABLE);
		gtab_run(shared.row);
		shared.writes++;
		gtab_move(shared.row, G_RUNNING, waiting);
	}
	shared.finished = true;
	return NULL;
}

static void a_claimed_one_does_not_run_until_it_is_let_go(void **state)
{
	pthread_t owner;
	uint64_t moved = 0;
	uint32_t was;

	(void)state;
	shared.row = row_in(G_WAITING | 1u << G_REASON_SHIFT, &shared.slot);
	pthread_create(&owner, NULL, owner_main, NULL);
	while (!shared.finished) {
		uint64_t writes;

		/* Sometimes as the first reader there is. */
		gtab_end_scans();
		if (!gtab_begin_scan(shared.slot, &was))
			continue;
		writes = shared.writes;
		for (int i = 0; i < 20; i++)
			moved += shared.writes != writes;
		shared.claims++;
		gtab_end_scan(shared.slot);
	}
	pthread_join(owner, NULL);
	assert_int_equal(moved, 0);
	assert_true(shared.writes >= MOVES);
	assert_int_equal(shared.row->status, G_WAITING | 1u << G_REASON_SHIFT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_knows_its_row_and_both_are_zero),
		cmocka_unit_test(slots_stay_in_place_when_the_table_grows),
		cmocka_unit_test(a_row_takes_sixteen_bytes),
		cmocka_unit_test(only_those_nobody_runs_can_be_claimed),
		cmocka_unit_test(a_claimed_one_cannot_be_claimed_again),
		cmocka_unit_test(a_free_slot_can_be_claimed_as_such_only),
		cmocka_unit_test(
			readers_are_there_until_somebody_says_they_are_gone),
		cmocka_unit_test(state_and_reason_share_the_word),
		cmocka_unit_test(a_claimed_one_does_not_run_until_it_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
