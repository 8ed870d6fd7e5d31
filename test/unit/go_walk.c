/* lib/target/go/unwind.c: stacks of a made-up program. */
#include "lib/target/go/unwind.h"

#include "test/unit/cmocka_all.h"
#include "test/unit/go_fake.h"

#define SP UINT64_C(0x10000)

static struct fake_space space;
static struct go go;
static uint64_t stack[512], pcs[GO_DEPTH_MAX], need;
static size_t n;

static int begin(void **state)
{
	(void)state;
	fake_init(&space, &go);
	memset(stack, 0, sizeof(stack));
	return 0;
}

static int end(void **state)
{
	(void)state;
	fake_release(&space, &go);
	return 0;
}

/* Puts the return address RET above a frame of F at byte AT of the stack; where
 * the caller's frame begins. */
static uint32_t call(uint32_t at, enum fake_func f, uint64_t ret)
{
	at += (uint32_t)fakes[f].depth;
	stack[at / 8] = ret;
	return at + 8;
}

static enum go_walk_end walk(uint64_t pc, uint32_t bytes, bool exact)
{
	struct go_stack st = { (const uint8_t *)stack, SP, bytes,
			       SP + sizeof(stack) };

	return go_walk(&go, pc, SP, &st, exact, pcs, GO_DEPTH_MAX, &n, &need);
}

static void a_parked_goroutine_ends_at_goexit(void **state)
{
	uint32_t at = call(0, PARK, in(WORK));

	(void)state;
	at = call(at, WORK, in(MAIN));
	call(at, MAIN, in(GOEXIT));
	assert_int_equal(walk(in(PARK), sizeof(stack), false), GO_WALK_TOP);
	assert_int_equal(n, 4);
	assert_int_equal(pcs[0], in(PARK));
	assert_int_equal(pcs[1], in(WORK));
	assert_int_equal(pcs[2], in(MAIN));
	assert_int_equal(pcs[3], in(GOEXIT));
}

static void bytes_at_hand_may_end_anywhere(void **state)
{
	uint32_t at = call(0, PARK, in(WORK));
	uint32_t all;

	(void)state;
	at = call(at, WORK, in(MAIN));
	all = call(at, MAIN, in(GOEXIT));
	for (uint32_t bytes = 0; bytes < all; bytes++) {
		struct go_stack st = { (const uint8_t *)stack, SP, bytes, 0 };
		struct go_walker w;

		go_walk_begin(&w, &go, in(PARK), SP, false, pcs,
			      GO_DEPTH_MAX);
		assert_int_equal(go_walk_on(&w, &st), GO_WALK_MORE);
		assert_true(w.need - SP + 8 > bytes);
		/* The rest alone, as a second reading brings it. */
		st = (struct go_stack){
			(const uint8_t *)stack + (w.need - SP), w.need,
			all - (w.need - SP), 0,
		};
		assert_int_equal(go_walk_on(&w, &st), GO_WALK_TOP);
		assert_int_equal(w.n, 4);
		assert_int_equal(pcs[3], in(GOEXIT));
	}
}

static void a_pc_nobody_knows_ends_it(void **state)
{
	(void)state;
	call(0, PARK, 0x1234);
	assert_int_equal(walk(in(PARK), sizeof(stack), false), GO_WALK_LOST);
	assert_int_equal(n, 1);
	assert_int_equal(walk(0x1234, sizeof(stack), false), GO_WALK_LOST);
	assert_int_equal(n, 0);
	assert_int_equal(walk(in(UNKNOWN_DEPTH), sizeof(stack), false),
			 GO_WALK_LOST);
}

static void what_a_signal_interrupted_is_exact(void **state)
{
	uint32_t at = call(0, SIGPANIC, in(WORK));

	(void)state;
	call(at, WORK, in(GOEXIT));
	assert_int_equal(walk(in(SIGPANIC), sizeof(stack), false),
			 GO_WALK_TOP);
	assert_int_equal(pcs[0], in(SIGPANIC));
	assert_int_equal(pcs[1], in(WORK) + 1);
	assert_int_equal(pcs[2], in(GOEXIT));
}

static void a_moved_stack_pointer_ends_it_unless_saved_before(void **state)
{
	uint32_t at = call(0, ASM, in(ASM));

	(void)state;
	call(at, ASM, in(GOEXIT));
	assert_int_equal(walk(in(ASM), sizeof(stack), true), GO_WALK_SWITCH);
	assert_int_equal(n, 1);
	assert_int_equal(walk(in(ASM), sizeof(stack), false),
			 GO_WALK_SWITCH);
	assert_int_equal(n, 2);
}

static void a_call_of_nil_begins_at_its_caller(void **state)
{
	(void)state;
	stack[0] = in(WORK);
	call(8, WORK, in(GOEXIT));
	assert_int_equal(walk(0, sizeof(stack), false), GO_WALK_TOP);
	assert_int_equal(n, 2);
	assert_int_equal(pcs[0], in(WORK));
}

static void no_frame_leaves_the_stack(void **state)
{
	struct go_stack st = { (const uint8_t *)stack, SP, sizeof(stack),
			       SP + 16 };

	(void)state;
	/* Its return address would be the first word above. */
	assert_int_equal(go_walk(&go, in(PARK), SP, &st, false, pcs,
				 GO_DEPTH_MAX, &n, &need), GO_WALK_LOST);
	st = (struct go_stack){ NULL, 0, 0, 0 };
	assert_int_equal(go_walk(&go, in(PARK), UINT64_MAX - 8, &st, false,
				 pcs, GO_DEPTH_MAX, &n, &need), GO_WALK_LOST);
}

static void endless_recursion_ends_at_the_cap(void **state)
{
	struct go_stack st = { (const uint8_t *)stack, SP, sizeof(stack), 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(stack) / sizeof(*stack); i++)
		stack[i] = in(PARK);
	assert_int_equal(go_walk(&go, in(PARK), SP, &st, false, pcs, 10, &n,
				 &need), GO_WALK_DEEP);
	assert_int_equal(n, 10);
}

static void many_pcs_are_forgotten_between_snapshots(void **state)
{
	(void)state;
	for (uint64_t pc = 1; pc <= GO_PCS_MAX; pc++)
		assert_int_not_equal(go_pc_id(&go, pc << 20), GO_PC_NONE);
	assert_int_equal(go_pc_id(&go, 7), GO_PC_NONE);
	go_pcs_trim(&go);
	assert_int_equal(go_pc_id(&go, 7), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)
		TEST(a_parked_goroutine_ends_at_goexit),
		TEST(bytes_at_hand_may_end_anywhere),
		TEST(a_pc_nobody_knows_ends_it),
		TEST(what_a_signal_interrupted_is_exact),
		TEST(a_moved_stack_pointer_ends_it_unless_saved_before),
		TEST(a_call_of_nil_begins_at_its_caller),
		TEST(no_frame_leaves_the_stack),
		TEST(endless_recursion_ends_at_the_cap),
		TEST(many_pcs_are_forgotten_between_snapshots),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
