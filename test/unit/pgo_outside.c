/*
 * lib/target/pgo over a program made by hand: goroutines of each kind, ones
 * that move while they are read, tables that lie.
 */
#include "lib/target/pgo/pgo.h"

#include "test/fuzz/pgo_program.h"
#include "test/unit/cmocka_all.h"

struct fixture {
	struct made_program *made;
	struct pgo_program *pgo;
	struct snapshot snap;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = { 0 };

	assert_non_null(f);
	f->made = made_program();
	assert_non_null(f->made);
	if (pgo_attach(&f->pgo, &f->made->space, &e) < 0)
		fail_msg("%s", e.text);
	snapshot_init(&f->snap);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	snapshot_release(&f->snap);
	pgo_detach(f->pgo);
	space_close(&f->made->space);
	free(f);
	return 0;
}

static void read_all(struct fixture *f, bool running)
{
	const struct source_wants wants = { .running = running };
	struct err e = { 0 };

	if (pgo_read(f->pgo, &wants, &f->snap, &e) < 0)
		fail_msg("%s", e.text);
}

/* The row of goroutine ID has these pcs, up to a 0. */
static void has_pcs(struct fixture *f, uint32_t row, const uint64_t *pcs)
{
	uint32_t depth, n = 0;
	const struct snap_frame *got =
		snapshot_frames(&f->snap, f->snap.rows[row].stack, &depth);

	while (pcs[n])
		n++;
	assert_int_equal(depth, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(got[i].pc, pcs[i]);
}

static void a_parked_one_is_walked_across_its_segments(void **state)
{
	struct fixture *f = *state;
	const struct snap_row *row;

	read_all(f, false);
	assert_int_equal(f->snap.row_count, 5);
	row = &f->snap.rows[0];
	assert_int_equal(row->state, SNAP_WAITING);
	assert_string_equal(snapshot_string(&f->snap, row->reason),
			    "chan receive");
	assert_int_equal(row->wait_on, 0xabc0);
	assert_int_equal(row->number[ROW_SEGMENTS], 2);
	assert_int_equal(row->number[ROW_STACK_USED],
			 20 * 8 + MADE_STACK_BYTES);
	assert_int_equal(row->number[ROW_PARKS], 3);
	assert_int_equal(row->number[ROW_RUNS], 12);
	assert_int_equal(row->number[ROW_WOKEN_BY], 4);
	assert_int_equal(row->number[ROW_LAST_P], 1);
	assert_int_equal(row->creator, SNAP_UNKNOWN);
	/* What the runtime does inside is left out: then the call counts. */
	has_pcs(f, 0, (uint64_t[]){ CODE + 0x100, CODE + 0x201, 0 });
}

static void one_that_never_ran_stands_at_its_function(void **state)
{
	struct fixture *f = *state;

	read_all(f, false);
	assert_int_equal(f->snap.rows[1].state, SNAP_RUNNABLE);
	assert_int_equal(f->snap.rows[1].creator, 1);
	assert_int_equal(f->snap.rows[1].number[ROW_RUNS], 0);
	assert_int_equal(f->snap.rows[1].number[ROW_WOKEN_BY], SNAP_UNKNOWN);
	assert_int_equal(f->snap.rows[1].number[ROW_LAST_P], SNAP_UNKNOWN);
	has_pcs(f, 1, (uint64_t[]){ CODE + 0x10, 0 });
}

static void one_in_c_begins_with_the_function_called(void **state)
{
	struct fixture *f = *state;

	read_all(f, false);
	assert_int_equal(f->snap.rows[2].state, SNAP_SYSCALL);
	assert_int_equal(f->snap.rows[2].number[ROW_M], 12);
	assert_int_equal(f->snap.rows[2].number[ROW_STACK_USED], 8 * 8);
	has_pcs(f, 2, (uint64_t[]){ LIBC + 2, CODE + 0x301, 0 });
	/* And one asleep in a callback. */
	assert_int_equal(f->snap.rows[4].state, SNAP_WAITING);
	assert_int_equal(f->snap.rows[4].number[ROW_M], 14);
	has_pcs(f, 4, (uint64_t[]){ LIBC + 4, CODE + 0x501, 0 });
}

static void a_running_one_has_its_stack_when_asked(void **state)
{
	struct fixture *f = *state;

	read_all(f, false);
	assert_int_equal(f->snap.rows[3].state, SNAP_RUNNING);
	assert_int_equal(f->snap.rows[3].stack, SNAP_NONE);
	assert_int_equal(f->snap.rows[3].number[ROW_P], 1);
	assert_int_equal(f->snap.torn, 0);
	snapshot_release(&f->snap);
	read_all(f, true);
	has_pcs(f, 3, (uint64_t[]){ CODE + 0x400, CODE + 0x401, 0 });
}

static void the_schedulers_figures_are_read(void **state)
{
	struct fixture *f = *state;
	const struct snap_sched *s = &f->snap.sched;

	read_all(f, false);
	assert_int_equal(s->gomaxprocs, 2);
	assert_int_equal(s->idleprocs, 1);
	assert_int_equal(s->threads, 4);
	assert_int_equal(s->gcount, 5);
	assert_int_equal(s->ms, 3);
	assert_int_equal(s->stackinuse, 6 * MADE_STACK_BYTES);
	assert_int_equal(s->p_count, 2);
	assert_int_equal(s->ps[1].runq, 2);
	assert_int_equal(s->ps[1].m, 13);
	assert_int_equal(s->ps[0].m, SNAP_UNKNOWN);
}

static void read_detail(struct fixture *f)
{
	const struct source_wants wants = { .no_stacks = true, .sched = true };
	struct err e = { 0 };

	snapshot_release(&f->snap);
	if (pgo_read(f->pgo, &wants, &f->snap, &e) < 0)
		fail_msg("%s", e.text);
}

static void ps_and_ms_are_read_in_detail(void **state)
{
	struct fixture *f = *state;
	const struct snapshot *s = &f->snap;

	read_all(f, false);
	assert_int_equal(s->m_count, 0);
	read_detail(f);
	assert_int_equal(s->sched.nmidlelocked, 1);
	assert_int_equal(s->sched.needspinning, 0);
	assert_int_equal(s->sched.ps[1].schedtick, 77);
	assert_int_equal(s->sched.ps[1].syscalltick, 6);
	assert_int_equal(s->sched.ps[1].gfreecnt, 8);
	/* The newest first: 14 sleeps with goroutine 5, 13 runs 4 on P 1. */
	assert_int_equal(s->m_count, 3);
	assert_int_equal(s->ms[0].id, 14);
	assert_int_equal(s->ms[0].p, SNAP_NIL);
	assert_int_equal(s->ms[0].lockedg, 5);
	assert_int_equal(s->ms[0].blocked, 1);
	assert_int_equal(s->ms[1].curg, 4);
	assert_int_equal(s->ms[1].p, 1);
	assert_int_equal(s->ms[1].lockedg, SNAP_NIL);
	assert_int_equal(s->ms[1].blocked, 0);
}

/* As a runtime had it that did not tell F. */
static void forget(struct fixture *f, enum pgo_field field)
{
	struct made_memory *m = &f->made->memory;
	struct err e = { 0 };

	m->field[field].name[0] = '?';
	pgo_detach(f->pgo);
	f->pgo = NULL;
	if (pgo_attach(&f->pgo, &f->made->space, &e) < 0)
		fail_msg("%s", e.text);
}

static void what_an_older_runtime_does_not_tell_is_unknown(void **state)
{
	struct fixture *f = *state;

	forget(f, PGO_M_BLOCKED);
	forget(f, PGO_M_BOUND_G);
	forget(f, PGO_P_TICK);
	forget(f, PGO_SCHED_WANT_M);
	forget(f, PGO_G_RUNS);
	forget(f, PGO_G_WOKEN_BY);
	forget(f, PGO_G_LAST_P);
	read_detail(f);
	assert_int_equal(f->snap.ms[0].blocked, SNAP_UNKNOWN);
	assert_int_equal(f->snap.ms[0].lockedg, SNAP_UNKNOWN);
	assert_int_equal(f->snap.ms[0].curg, 5);
	assert_int_equal(f->snap.sched.ps[1].schedtick, SNAP_UNKNOWN);
	assert_int_equal(f->snap.sched.needspinning, SNAP_UNKNOWN);
	assert_int_equal(f->snap.rows[0].number[ROW_RUNS], SNAP_UNKNOWN);
	assert_int_equal(f->snap.rows[0].number[ROW_WOKEN_BY], SNAP_UNKNOWN);
	assert_int_equal(f->snap.rows[0].number[ROW_LAST_P], SNAP_UNKNOWN);
}

static void how_one_ran_is_unknown_where_it_makes_no_sense(void **state)
{
	struct fixture *f = *state;
	struct made_g *g = f->made->memory.chunk.g;

	g[0].runs = UINT64_MAX;
	g[0].woken_by = (uint64_t)INT64_MIN;
	g[2].runs = 1;
	g[2].last_p = -1;
	read_all(f, false);
	assert_int_equal(f->snap.rows[0].number[ROW_RUNS], SNAP_UNKNOWN);
	assert_int_equal(f->snap.rows[0].number[ROW_WOKEN_BY], SNAP_UNKNOWN);
	assert_int_equal(f->snap.rows[0].number[ROW_LAST_P], SNAP_UNKNOWN);
	assert_int_equal(f->snap.rows[2].number[ROW_RUNS], 1);
	assert_int_equal(f->snap.rows[2].number[ROW_LAST_P], SNAP_UNKNOWN);
}

static void has_times(struct fixture *f, uint32_t row, int64_t run,
		      int64_t ready, int64_t blocked)
{
	const int64_t *number = f->snap.rows[row].number;

	assert_int_equal(number[ROW_RUN], run);
	assert_int_equal(number[ROW_READY], ready);
	assert_int_equal(number[ROW_BLOCKED], blocked);
}

static void has_no_times(struct fixture *f, uint32_t row)
{
	has_times(f, row, SNAP_UNKNOWN, SNAP_UNKNOWN, SNAP_UNKNOWN);
}

static void times_are_sums_and_what_passed_since(void **state)
{
	struct fixture *f = *state;
	int64_t kept;

	read_all(f, false);
	kept = f->snap.mono_ns - 1000000000;
	/* Its last change came while we read. */
	has_times(f, 0, 70, 80, 90);
	has_times(f, 2, kept, 6, 7);
	/* What they did before is not counted. */
	has_times(f, 1, 0, kept, 0);
	has_times(f, 3, kept, 0, 0);
	has_times(f, 4, 0, 0, kept);
}

static void times_are_unknown_while_they_are_not_kept(void **state)
{
	struct fixture *f = *state;
	struct made_kept *kept = &f->made->memory.kept;

	kept->end_ns = 0;
	read_all(f, false);
	has_no_times(f, 0);
	snapshot_release(&f->snap);
	kept->end_ns = INT64_MAX;
	forget(f, PGO_KEPT_END);
	read_all(f, false);
	has_no_times(f, 0);
}

/* Written to whenever somebody looks. */
static void write_times(struct made_program *p)
{
	p->memory.chunk.times[0].seq |= 1;
	p->memory.chunk.times[2].seq++;
}

static void times_that_are_written_meanwhile_are_read_again(void **state)
{
	struct fixture *f = *state;

	f->made->before = write_times;
	read_all(f, false);
	has_no_times(f, 0);
	assert_int_equal(f->snap.rows[2].number[ROW_READY], 6);
	assert_int_equal(f->snap.rows[0].number[ROW_RUNS], 12);
}

static void times_that_make_no_sense_are_unknown(void **state)
{
	static const struct made_times wrong[] = {
		{ 4, 3, 5000000000, 1, 1, 1 },
		{ 4, UINT32_MAX, 0, 1, 1, 1 },
		{ 4, 0, INT64_MAX, -1, 1, 1 },
		{ 4, 0, INT64_MAX, 1, INT64_MIN, 1 },
		{ 4, 2, 1000000001, 1, 1, INT64_MAX },
	};
	struct fixture *f = *state;
	struct made_memory *m = &f->made->memory;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		m->chunk.times[0] = wrong[i];
		read_all(f, false);
		has_no_times(f, 0);
		snapshot_release(&f->snap);
	}
	m->kept.begin_ns = INT64_MIN;
	m->chunk.times[0] = (struct made_times){ 4, 0, INT64_MIN, 1, 1, 1 };
	read_all(f, false);
	has_no_times(f, 0);
	/* Fewer than goroutines: of those behind them nothing is read. */
	m->field[PGO_CHUNK_TIMES].size -= sizeof(struct made_times);
	snapshot_release(&f->snap);
	pgo_detach(f->pgo);
	f->pgo = NULL;
	assert_int_equal(pgo_attach(&f->pgo, &f->made->space, NULL), 0);
	read_all(f, false);
	has_no_times(f, 2);
}

static void one_goroutine_is_read_alone(void **state)
{
	struct fixture *f = *state;
	struct err e = { 0 };

	assert_int_equal(pgo_read_one(f->pgo, 4, &f->snap, &e), 0);
	assert_int_equal(f->snap.row_count, 1);
	assert_int_equal(f->snap.rows[0].number[ROW_ID], 4);
	has_pcs(f, 0, (uint64_t[]){ CODE + 0x400, CODE + 0x401, 0 });
	assert_int_equal(pgo_read_one(f->pgo, 77, &f->snap, &e), -ENOENT);
	assert_string_equal(e.text, "made: no goroutine 77");
}

/* Moving ------------------------------------------------------------------- */

static void park_again(struct made_program *p)
{
	p->memory.chunk.row[0].parks++;
}

static void one_that_keeps_moving_has_no_stack(void **state)
{
	struct fixture *f = *state;

	f->made->before = park_again;
	read_all(f, false);
	assert_int_equal(f->snap.row_count, 5);
	assert_true(f->snap.rows[0].moving);
	assert_int_equal(f->snap.rows[0].stack, SNAP_NONE);
	assert_int_equal(f->snap.torn, 1);
	assert_false(f->snap.rows[1].moving);
}

/* A reader's claim, for as long as it looks, and nothing else. */
static void claim(struct made_program *p)
{
	p->memory.chunk.row[0].status ^= 0x1000;
}

static void a_claim_of_the_agents_is_no_move(void **state)
{
	struct fixture *f = *state;

	f->made->before = claim;
	read_all(f, false);
	assert_false(f->snap.rows[0].moving);
	assert_int_equal(f->snap.rows[0].state, SNAP_WAITING);
	assert_int_equal(f->snap.torn, 0);
}

static void call_again(struct made_program *p)
{
	p->memory.m[0].calls++;
}

static void another_call_into_c_is_a_move(void **state)
{
	struct fixture *f = *state;

	f->made->before = call_again;
	read_all(f, false);
	assert_true(f->snap.rows[2].moving);
	assert_int_equal(f->snap.torn, 1);
}

/* Lies --------------------------------------------------------------------- */

static void what_is_missing_in_the_table_is_named(void **state)
{
	struct fixture *f = *state;
	struct pgo_layout_field *field = f->made->memory.field;
	struct pgo_program *p = NULL;
	struct err e = { 0 };

	strcpy(field[PGO_G_SP].name, "g.other");
	assert_int_equal(pgo_attach(&p, &f->made->space, &e), -ENOTSUP);
	assert_string_equal(e.text, "made: its pgo does not tell where g.sp is "
			    "(start it with PGO_AGENT=unix)");
	strcpy(field[PGO_G_SP].name, "g.sp");
	field[PGO_G_SP].offset = sizeof(struct made_g) - 7;
	assert_int_equal(pgo_attach(&p, &f->made->space, &e), -ENOTSUP);
	assert_string_equal(e.text, "made: its layout table is wrong about "
			    "g.sp");
	f->made->memory.head.field_count = UINT32_MAX;
	assert_int_equal(pgo_attach(&p, &f->made->space, &e), -ENOTSUP);
	f->made->file.distance++;
	assert_int_equal(pgo_attach(&p, &f->made->space, &e), -ENOENT);
}

static void a_stack_in_a_ring_ends(void **state)
{
	struct fixture *f = *state;

	made_frame(&f->made->memory, 0, 8, made_word(1, 8), CODE + 0x201);
	read_all(f, false);
	assert_int_equal(f->snap.row_count, 5);
}

static void segments_in_a_ring_end(void **state)
{
	struct fixture *f = *state;

	f->made->memory.stack[1].seg.next = made_seg_at(0);
	read_all(f, false);
	assert_int_equal(f->snap.row_count, 5);
	assert_true(f->snap.rows[0].number[ROW_SEGMENTS] <= 64);
}

static void a_stack_of_more_than_63_bits_is_unknown(void **state)
{
	struct fixture *f = *state;

	f->made->memory.stack[0].seg.bytes = UINT64_C(1) << 63;
	read_all(f, false);
	assert_int_equal(f->snap.rows[0].number[ROW_STACK_USED], SNAP_UNKNOWN);
	assert_int_equal(f->snap.rows[0].number[ROW_STACK_BYTES],
			 2 * MADE_STACK_BYTES);
}

static void a_beginning_that_makes_no_sense_is_no_uptime(void **state)
{
	struct fixture *f = *state;

	read_all(f, false);
	assert_int_equal(f->snap.sched.uptime_ns, f->snap.mono_ns);
	snapshot_release(&f->snap);
	f->made->memory.sched.start_ns = UINT64_C(1) << 63;
	read_all(f, false);
	assert_int_equal(f->snap.sched.uptime_ns, SNAP_UNKNOWN);
	snapshot_release(&f->snap);
	f->made->memory.sched.start_ns = INT64_MAX;
	read_all(f, false);
	assert_int_equal(f->snap.sched.uptime_ns, 0);
}

static void threads_in_a_ring_end(void **state)
{
	struct fixture *f = *state;

	f->made->memory.m[2].alllink = MADE_AT(m[1]);
	read_all(f, false);
	assert_true(f->snap.sched.ms <= SNAP_MS_MAX);
	assert_int_equal(f->snap.row_count, 5);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_parked_one_is_walked_across_its_segments),
		TEST(one_that_never_ran_stands_at_its_function),
		TEST(one_in_c_begins_with_the_function_called),
		TEST(a_running_one_has_its_stack_when_asked),
		TEST(the_schedulers_figures_are_read),
		TEST(ps_and_ms_are_read_in_detail),
		TEST(what_an_older_runtime_does_not_tell_is_unknown),
		TEST(how_one_ran_is_unknown_where_it_makes_no_sense),
		TEST(times_are_sums_and_what_passed_since),
		TEST(times_are_unknown_while_they_are_not_kept),
		TEST(times_that_are_written_meanwhile_are_read_again),
		TEST(times_that_make_no_sense_are_unknown),
		TEST(one_goroutine_is_read_alone),
		TEST(one_that_keeps_moving_has_no_stack),
		TEST(a_claim_of_the_agents_is_no_move),
		TEST(another_call_into_c_is_a_move),
		TEST(what_is_missing_in_the_table_is_named),
		TEST(a_stack_in_a_ring_ends),
		TEST(segments_in_a_ring_end),
		TEST(a_stack_of_more_than_63_bits_is_unknown),
		TEST(a_beginning_that_makes_no_sense_is_no_uptime),
		TEST(threads_in_a_ring_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
