/* lib/target/go/read.c and what it is made of: a made-up program that moves,
 * grows and lies while it is read. */
#include "lib/target/go/read.h"

#include "lib/target/go/one.h"
#include "lib/target/go/unwind.h"
#include "test/unit/cmocka_all.h"
#include "test/unit/go_fake.h"

enum {
	GS_MAX = 5000,
	G_BYTES = 480,
	/* Members of struct g, as this program has them. */
	STACK = 0, M = 48, SCHED = 56, SYSCALLSP = 104, SYSCALLPC = 112,
	STATUS = 144, GOID = 152, WAITSINCE = 168, REASON = 176, LOCKEDM = 208,
	PARENT = 280, GOPC = 288, STARTPC = 304, WAITING = 320, LABELS = 352,
	STACK_BYTES = 2048,
	CHAN_RECEIVE = 14,
};

#define ALLGLEN UINT64_C(0x1000)
#define ALLGPTR UINT64_C(0x1008)
#define LIST UINT64_C(0x100000)
#define GS UINT64_C(0xc000000000)
#define STACKS UINT64_C(0xc800000000)
#define LABEL_MEM UINT64_C(0xd000000000)

static struct fake_space space;
static struct go go;
static struct go_reader *reader;
static struct snapshot snap;
static struct source_wants wants;
static struct err err;
static uint64_t count;          /* goroutines made */

static void set_offsets(void)
{
	int32_t *at = go.offsets.at;

	memset(at, 0xff, sizeof(go.offsets.at));
	at[GO_G_SIZE] = G_BYTES;
	at[GO_G_STACK] = STACK;
	at[GO_G_M] = M;
	at[GO_G_SCHED] = SCHED;
	at[GO_GOBUF_SP] = 0;
	at[GO_GOBUF_PC] = 8;
	at[GO_G_SYSCALLSP] = SYSCALLSP;
	at[GO_G_SYSCALLPC] = SYSCALLPC;
	at[GO_G_STATUS] = STATUS;
	at[GO_G_GOID] = GOID;
	at[GO_G_WAITSINCE] = WAITSINCE;
	at[GO_G_WAITREASON] = REASON;
	at[GO_G_LOCKEDM] = LOCKEDM;
	at[GO_G_PARENT] = PARENT;
	at[GO_G_GOPC] = GOPC;
	at[GO_G_STARTPC] = STARTPC;
	at[GO_G_WAITING] = WAITING;
	at[GO_G_LABELS] = LABELS;
	go.offsets.reasons = CHAN_RECEIVE + 1;
	strcpy(go.offsets.reason[CHAN_RECEIVE], "chan receive");
}

static int begin(void **state)
{
	(void)state;
	fake_init(&space, &go);
	set_offsets();
	go.roots.allglen = ALLGLEN;
	go.roots.allgptr = ALLGPTR;
	fake_map(&space, ALLGLEN, 16);
	fake_map(&space, LIST, 8 * GS_MAX);
	fake_map(&space, GS, G_BYTES * GS_MAX);
	fake_map(&space, STACKS, STACK_BYTES * GS_MAX);
	fake_put(&space, ALLGPTR, LIST);
	count = 0;
	wants = (struct source_wants){ 0 };
	assert_int_equal(go_reader_new(&reader, &go, &err), 0);
	snapshot_init(&snap);
	return 0;
}

static int end(void **state)
{
	(void)state;
	snapshot_release(&snap);
	go_reader_free(reader);
	fake_release(&space, &go);
	return 0;
}

/* A goroutine's member. */
static void set(uint64_t g, int member, uint64_t v)
{
	fake_put(&space, g + (uint64_t)member, v);
}

/* Lets G stand at PARK in WORK in MAIN, SP being BYTES below the end. */
static void stand(uint64_t g, uint64_t hi, uint64_t bytes)
{
	uint64_t sp = hi - bytes;

	set(g, SCHED, sp);
	set(g, SCHED + 8, in(PARK));
	fake_put(&space, sp + 16, in(WORK));
	fake_put(&space, sp + 24 + 24, in(MAIN));
	fake_put(&space, sp + 24 + 32 + 40, in(GOEXIT));
}

/* A parked goroutine; its address. */
static uint64_t make(void)
{
	uint64_t g = GS + G_BYTES * count;
	uint64_t lo = STACKS + STACK_BYTES * count;

	fake_put(&space, LIST + 8 * count, g);
	count++;
	fake_put(&space, ALLGLEN, count);
	set(g, STACK, lo);
	set(g, STACK + 8, lo + STACK_BYTES);
	set(g, STATUS, GO_WAITING);
	set(g, GOID, count);
	set(g, REASON, CHAN_RECEIVE);
	set(g, STARTPC, in(MAIN) & ~UINT64_C(255));
	set(g, GOPC, in(WORK));
	set(g, PARENT, 1);
	stand(g, lo + STACK_BYTES, 400);
	return g;
}

static int refresh(void)
{
	int rc;

	snapshot_release(&snap);
	memset(&err, 0, sizeof(err));
	rc = go_read(reader, &wants, &snap, &err);
	if (rc < 0)
		assert_int_not_equal(err.text[0], 0);
	return rc;
}

/* The row of goroutine ID; fails when there is none. */
static const struct snap_row *row(int64_t id)
{
	for (uint32_t i = 0; i < snap.row_count; i++)
		if (snap.rows[i].number[ROW_ID] == id)
			return &snap.rows[i];
	fail_msg("no goroutine %lld", (long long)id);
	return NULL;
}

static const char *text(uint32_t id)
{
	return snapshot_string(&snap, id);
}

static void assert_stack(const struct snap_row *r)
{
	static const char *const funcs[] = {
		"runtime.gopark", "main.work", "main.main", "runtime.goexit",
	};
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(&snap, r->stack, &depth);

	assert_int_equal(depth, 4);
	for (uint32_t i = 0; i < depth; i++) {
		assert_string_equal(text(f[i].func), funcs[i]);
		assert_int_equal(f[i].line, 0x1f);
		assert_int_equal(f[i].offset, 0x20);
	}
}

/* Rows --------------------------------------------------------------------- */

static void a_parked_goroutine_is_a_row_with_its_stack(void **state)
{
	const struct snap_row *r;

	(void)state;
	make();
	set(make(), LOCKEDM, 0x1234);
	assert_int_equal(refresh(), 0);
	assert_int_equal(snap.row_count, 2);
	assert_int_equal(snap.stack_count, 1);
	r = row(2);
	assert_stack(r);
	assert_int_equal(r->state, SNAP_WAITING);
	assert_string_equal(text(r->reason), "chan receive");
	assert_string_equal(text(r->entry), "main.main");
	assert_string_equal(text(r->created_func), "main.work");
	assert_int_equal(r->creator, 1);
	assert_int_equal(r->number[ROW_STACK_BYTES], STACK_BYTES);
	assert_int_equal(r->number[ROW_STACK_USED], 400);
	assert_true(r->locked);
	assert_false(row(1)->locked);
	assert_int_equal(row(1)->created_func, 0);
	assert_int_equal(snap.torn, 0);
}

static void states_are_gos_without_the_scan_bit(void **state)
{
	(void)state;
	set(make(), STATUS, 0x1000 | GO_WAITING);
	set(make(), STATUS, GO_RUNNABLE);
	set(make(), STATUS, GO_RUNNING);
	set(make(), STATUS, GO_DEAD);
	set(make(), STATUS, GO_IDLE);
	set(make(), STATUS, GO_PREEMPTED);
	set(make(), STATUS, GO_LEAKED);
	set(make(), STATUS, GO_COPYSTACK);
	assert_int_equal(refresh(), 0);
	assert_int_equal(snap.row_count, 6);
	assert_int_equal(row(1)->state, SNAP_WAITING);
	assert_stack(row(1));
	assert_int_equal(row(2)->state, SNAP_RUNNABLE);
	assert_stack(row(2));
	assert_int_equal(row(2)->reason, 0);
	assert_int_equal(row(3)->state, SNAP_RUNNING);
	assert_int_equal(row(3)->stack, SNAP_NONE);
	assert_false(row(3)->moving);
	assert_string_equal(text(row(6)->reason), "preempted");
	assert_string_equal(text(row(7)->reason), "chan receive (leaked)");
	assert_int_equal(row(8)->state, SNAP_RUNNING);
}

static void a_system_call_has_its_own_pc(void **state)
{
	uint64_t g = make();
	uint64_t sp = STACKS + 1024;

	(void)state;
	set(g, STATUS, GO_SYSCALL);
	set(g, SCHED, 1);
	set(g, SYSCALLSP, sp);
	set(g, SYSCALLPC, in(WORK));
	fake_put(&space, sp + 24, in(GOEXIT));
	assert_int_equal(refresh(), 0);
	assert_int_equal(row(1)->state, SNAP_SYSCALL);
	assert_int_equal(snap.stacks[row(1)->stack].depth, 2);
}

static void the_runtimes_own_are_marked(void **state)
{
	uint64_t g, fin;

	(void)state;
	make();
	set(make(), STARTPC, in(SYSTEM) & ~UINT64_C(255));
	fin = in(RUNFINQ) & ~UINT64_C(255);
	g = make();
	set(g, STARTPC, fin);
	set(g, SCHED + 8, in(RUNFINQ));
	fake_put(&space, STACKS + 3 * STACK_BYTES - 400 + 64, in(GOEXIT));
	/* It runs a finalizer of the program's. */
	set(make(), STARTPC, fin);
	assert_int_equal(refresh(), 0);
	assert_false(row(1)->system);
	assert_true(row(2)->system);
	assert_true(row(3)->system);
	assert_false(row(4)->system);
}

static void labels_of_a_slice_are_sorted_text(void **state)
{
	uint64_t g = make(), at = LABEL_MEM;

	(void)state;
	fake_map(&space, at, 256);
	fake_put(&space, at, at + 32);          /* slice */
	fake_put(&space, at + 8, 2);
	fake_put(&space, at + 32, at + 128);    /* "zone": "" */
	fake_put(&space, at + 40, 4);
	fake_put(&space, at + 64, at + 136);    /* "a\"": "b" */
	fake_put(&space, at + 72, 2);
	fake_put(&space, at + 80, at + 144);
	fake_put(&space, at + 88, 1);
	memcpy(fake_mem(&space, at + 128, 4), "zone", 4);
	memcpy(fake_mem(&space, at + 136, 2), "a\"", 2);
	memcpy(fake_mem(&space, at + 144, 1), "b", 1);
	set(g, LABELS, at);
	set(make(), LABELS, at);
	set(make(), LABELS, 0x10);              /* leads nowhere */
	assert_int_equal(refresh(), 0);
	assert_string_equal(text(row(1)->labels),
			    "{\"a\\\"\":\"b\",\"zone\":\"\"}");
	assert_int_equal(row(1)->labels, row(2)->labels);
	assert_int_equal(row(3)->labels, 0);
}

/* It has 1 << B. */
static void a_map_with_too_many_buckets_has_no_labels(void **state)
{
	uint64_t at = LABEL_MEM;

	(void)state;
	go.minor = 22;
	fake_map(&space, at, 1024);
	fake_put(&space, at, at + 8);
	fake_put(&space, at + 8 + 8, UINT64_C(32) << 8);        /* B */
	fake_put(&space, at + 8 + 16, at + 256);
	fake_put(&space, at + 256, 5);          /* a pair, {"":""} */
	set(make(), LABELS, at);
	assert_int_equal(refresh(), 0);
	assert_int_equal(row(1)->labels, 0);
}

static void time_is_counted_from_when_it_was_first_seen(void **state)
{
	uint64_t g = make();
	int64_t first;

	(void)state;
	make();
	assert_int_equal(refresh(), 0);
	assert_int_equal(row(1)->number[ROW_SINCE], SNAP_UNKNOWN);
	first = snap.mono_ns;
	make();
	assert_int_equal(refresh(), 0);
	assert_int_equal(row(1)->number[ROW_SINCE], snap.mono_ns - first);
	assert_true(row(1)->at_least);
	assert_int_equal(row(3)->number[ROW_SINCE], 0);
	stand(g, STACKS + STACK_BYTES, 480);
	assert_int_equal(refresh(), 0);
	assert_int_equal(row(1)->number[ROW_SINCE], 0);
	assert_int_equal(row(2)->number[ROW_SINCE], snap.mono_ns - first);
}

static void one_alone_is_found_by_its_number(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++)
		make();
	for (int seen = 0; seen < 2; seen++) {
		assert_int_equal(go_read_one(reader, 2500, &snap, &err), 0);
		assert_int_equal(snap.row_count, 1);
		assert_stack(row(2500));
		snapshot_release(&snap);
		assert_int_equal(go_read_one(reader, 3001, &snap, &err),
				 -ENOENT);
		assert_int_equal(refresh(), 0);
		snapshot_release(&snap);
	}
}

/* Reading ------------------------------------------------------------------ */

static void many_cost_few_system_calls(void **state)
{
	size_t before;

	(void)state;
	while (count < GS_MAX)
		make();
	before = space.calls;
	assert_int_equal(refresh(), 0);
	assert_int_equal(snap.row_count, GS_MAX);
	assert_int_equal(snap.stack_count, 1);
	assert_true(space.calls - before <= GS_MAX / 64);
}

/* A stack of DEPTH frames of a quarter KiB. */
static void make_deep(uint32_t depth, uint64_t at)
{
	uint64_t g = make(), bytes = 256 * ((uint64_t)depth + 1);

	fake_map(&space, at, bytes);
	set(g, STACK, at);
	set(g, STACK + 8, at + bytes);
	set(g, SCHED, at);
	set(g, SCHED + 8, in(DEEPER));
	for (uint32_t i = 0; i < depth; i++)
		fake_put(&space, at + 256 * (uint64_t)i + 248,
			 in(i == depth - 1 ? GOEXIT : DEEPER));
}

/* Of DEPTH frames the inner and the outer ones are there. */
static void assert_outer_end(uint32_t stack, uint32_t depth)
{
	uint32_t n, at = GO_DEPTH_MAX - GO_OUTER_MAX - 1;
	const struct snap_frame *f = snapshot_frames(&snap, stack, &n);

	assert_int_equal(n, GO_DEPTH_MAX);
	assert_int_equal(f[at].elided, depth - GO_DEPTH_MAX + 1);
	assert_string_equal(text(f[at].func), "...2 frames elided...");
	assert_string_equal(text(f[at - 1].func), "main.deeper");
	assert_string_equal(text(f[at + 1].func), "main.deeper");
	assert_string_equal(text(f[n - 1].func), "runtime.goexit");
}

static void megabytes_of_stack_are_cut(void **state)
{
	uint32_t n;
	const struct snap_frame *f;

	(void)state;
	make_deep(40000, 0xe000000000);
	make();
	assert_int_equal(refresh(), 0);
	f = snapshot_frames(&snap, row(1)->stack, &n);
	assert_string_equal(text(f[0].func), "main.deeper");
	assert_string_equal(text(f[n - 1].func), "...more frames elided...");
	assert_stack(row(2));
	assert_int_equal(snap.torn, 0);
}

static void deep_stacks_are_read_in_rounds(void **state)
{
	uint32_t depth = 4;
	size_t before;

	(void)state;
	for (uint64_t i = 0; i < 8; i++, depth *= 2)
		make_deep(depth, 0xe000000000 + (i << 20));
	before = space.calls;
	assert_int_equal(refresh(), 0);
	assert_true(space.calls - before < 40);
	for (uint32_t i = 0; i < 8; i++) {
		const struct snap_row *r = row(i + 1);

		assert_int_not_equal(r->stack, SNAP_NONE);
		assert_int_equal(snap.stacks[r->stack].depth,
				 i == 7 ? GO_DEPTH_MAX : (4u << i) + 1);
	}
	assert_outer_end(row(8)->stack, 513);
}

static uint64_t mover;          /* moves at each call, so often */
static int moves;

static void move(struct fake_space *f)
{
	(void)f;
	if (moves-- > 0)
		stand(mover, STACKS + STACK_BYTES,
		      400 + 8 * (uint64_t)(moves % 8));
}

static void who_moves_once_is_tried_again(void **state)
{
	(void)state;
	mover = make();
	make();
	moves = 8;
	space.before = move;
	assert_int_equal(refresh(), 0);
	assert_stack(row(1));
	assert_stack(row(2));
	assert_int_equal(snap.torn, 0);
}

static void who_moves_on_has_no_stack_and_is_counted(void **state)
{
	(void)state;
	mover = make();
	make();
	moves = 1000000;
	space.before = move;
	assert_int_equal(refresh(), 0);
	assert_int_equal(row(1)->stack, SNAP_NONE);
	assert_true(row(1)->moving);
	assert_int_equal(row(1)->state, SNAP_WAITING);
	assert_stack(row(2));
	assert_int_equal(snap.torn, 1);
}

static void a_chain_that_does_not_end_is_no_stack(void **state)
{
	(void)state;
	make();
	make();
	fake_put(&space, STACKS + STACK_BYTES - 400 + 96, 0x1234);
	assert_int_equal(refresh(), 0);
	assert_true(row(1)->moving);
	assert_int_equal(row(1)->stack, SNAP_NONE);
	assert_stack(row(2));
}

/* Lies --------------------------------------------------------------------- */

static void a_huge_list_is_not_believed(void **state)
{
	(void)state;
	make();
	fake_put(&space, ALLGLEN, UINT64_C(1) << 40);
	assert_int_equal(refresh(), -EBADMSG);
	fake_put(&space, ALLGLEN, 1 << 21);
	assert_int_equal(refresh(), -EBADMSG);
	assert_true(space.read < 1 << 20);
	fake_put(&space, ALLGPTR, 0x7fff00000000);
	assert_int_equal(refresh(), -EBADMSG);
}

static void the_same_goroutine_a_thousand_times_is_a_lie(void **state)
{
	(void)state;
	make();
	for (uint64_t i = 0; i < 1000; i++)
		fake_put(&space, LIST + 8 * i, GS);
	fake_put(&space, ALLGLEN, 1000);
	assert_int_equal(refresh(), -EBADMSG);
}

static void a_few_lies_are_left_out_and_counted(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		make();
	fake_put(&space, LIST + 8, GS);                 /* twice */
	fake_put(&space, LIST + 16, GS + 8);            /* inside another */
	fake_put(&space, LIST + 24, 0x7fff00000000);    /* nowhere */
	set(GS + 4 * G_BYTES, STATUS, 77);
	assert_int_equal(refresh(), 0);
	assert_int_equal(snap.row_count, 6);
	assert_int_equal(snap.dropped, 4);
}

static void goroutines_of_rubbish_are_refused(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++)
		set(make(), GOID, UINT64_MAX);
	assert_int_equal(refresh(), -EBADMSG);
}

static void stacks_that_lead_anywhere_are_survived(void **state)
{
	static const uint64_t nowhere[] = { 0, 1, STACKS, 0x7fff00000000,
					    UINT64_MAX - 7, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++)
		set(make(), SCHED, nowhere[i]);
	for (size_t i = 0; i < sizeof(nowhere) / sizeof(*nowhere); i++)
		set(make(), SCHED + 8, nowhere[i]);
	make();
	assert_int_equal(refresh(), 0);
	assert_int_equal(snap.row_count, count);
	assert_int_equal(snap.torn, count - 1);
	assert_stack(row((int64_t)count));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)
		TEST(a_parked_goroutine_is_a_row_with_its_stack),
		TEST(states_are_gos_without_the_scan_bit),
		TEST(a_system_call_has_its_own_pc),
		TEST(the_runtimes_own_are_marked),
		TEST(labels_of_a_slice_are_sorted_text),
		TEST(a_map_with_too_many_buckets_has_no_labels),
		TEST(time_is_counted_from_when_it_was_first_seen),
		TEST(one_alone_is_found_by_its_number),
		TEST(many_cost_few_system_calls),
		TEST(deep_stacks_are_read_in_rounds),
		TEST(megabytes_of_stack_are_cut),
		TEST(who_moves_once_is_tried_again),
		TEST(who_moves_on_has_no_stack_and_is_counted),
		TEST(a_chain_that_does_not_end_is_no_stack),
		TEST(a_huge_list_is_not_believed),
		TEST(the_same_goroutine_a_thousand_times_is_a_lie),
		TEST(a_few_lies_are_left_out_and_counted),
		TEST(goroutines_of_rubbish_are_refused),
		TEST(stacks_that_lead_anywhere_are_survived),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
