/* lib/target/go/validate.c: offsets that fit, offsets that do not, and memory
 * that lies, over a made-up program. */
#include <errno.h>

#include "lib/target/go/validate.h"
#include "test/unit/cmocka_all.h"
#include "test/unit/go_fake.h"

enum {
	GS = 12,
	G_BYTES = 456, G_APART = 512,
	STACK_BYTES = 0x1000,
	/* Members of g and gobuf in this test. */
	STACK = 0, M = 48, SCHED = 56, STATUS = 144, GOID = 152, GOPC = 288,
	STARTPC = 304, SP = 0, PC = 8,
	WAITING = 4, DEAD = 6,
};

#define ALLGS UINT64_C(0x500000)
#define LIST UINT64_C(0x510000)
#define FIRST_G UINT64_C(0x600000)
#define STACKS UINT64_C(0x700000)

static struct fake_space fake;
static struct go go;

bool gosym_named(struct gosym *g, const char *name, struct gosym_func *out)
{
	(void)g;
	(void)name;
	(void)out;
	return false;
}

static uint64_t g_at(size_t i)
{
	return FIRST_G + i * G_APART;
}

static uint64_t stack_at(size_t i)
{
	return STACKS + i * STACK_BYTES;
}

/* Goroutine I is parked in main.work(), which goexit "called". */
static void put_parked(size_t i)
{
	uint64_t g = g_at(i), hi = stack_at(i) + STACK_BYTES;
	uint64_t sp = hi - 256;

	fake_put(&fake, g + STACK, stack_at(i));
	fake_put(&fake, g + STACK + 8, hi);
	fake_put(&fake, g + SCHED + SP, sp);
	fake_put(&fake, g + SCHED + PC, in(PARK));
	fake_put(&fake, g + STATUS, WAITING);
	fake_put(&fake, g + GOID, i + 1);
	fake_put(&fake, g + GOPC, in(MAIN));
	fake_put(&fake, g + STARTPC, in(WORK) & ~UINT64_C(255));
	fake_put(&fake, sp + 16, in(WORK));
	fake_put(&fake, sp + 24 + 24, in(GOEXIT));
	fake_put(&fake, LIST + i * 8, g);
}

static int init(void **state)
{
	static const struct {
		enum go_field field;
		int32_t at;
	} fields[] = {
		{ GO_G_SIZE, G_BYTES }, { GO_G_STACK, STACK }, { GO_G_M, M },
		{ GO_G_SCHED, SCHED }, { GO_G_STATUS, STATUS },
		{ GO_G_GOID, GOID }, { GO_G_GOPC, GOPC },
		{ GO_G_STARTPC, STARTPC }, { GO_GOBUF_SP, SP },
		{ GO_GOBUF_PC, PC },
	};

	(void)state;
	fake_init(&fake, &go);
	/* Members this test does not use are somewhere. */
	memset(go.offsets.at, 0, sizeof(go.offsets.at));
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		go.offsets.at[fields[i].field] = fields[i].at;
	fake_map(&fake, ALLGS, 64);
	fake_map(&fake, LIST, GS * 8);
	fake_map(&fake, FIRST_G, GS * G_APART);
	fake_map(&fake, STACKS, GS * STACK_BYTES);
	fake_put(&fake, ALLGS, LIST);
	fake_put(&fake, ALLGS + 8, GS);
	fake_put(&fake, ALLGS + 16, GS);
	for (size_t i = 0; i < GS; i++)
		put_parked(i);
	go.roots.allgs = ALLGS;
	return 0;
}

static int release(void **state)
{
	(void)state;
	fake_release(&fake, &go);
	return 0;
}

static void expect(int rc, const char *words)
{
	struct err e = { 0 };
	int got = go_validate(&go, &e);

	if (got != rc || (words && !strstr(e.text, words)))
		fail_msg("%d %s, want %d %s", got, e.text, rc, words);
	assert_in_range(fake.calls, 1, 64);
}

static void what_fits_is_right(void **state)
{
	(void)state;
	expect(0, NULL);
}

static void offsets_of_another_version_are_wrong(void **state)
{
	static const struct {
		enum go_field field;
		int32_t at;
	} wrong[] = {
		{ GO_G_GOID, GOID + 8 }, { GO_G_GOID, GOID - 8 },
		{ GO_G_STATUS, GOPC }, { GO_G_GOPC, GOPC - 8 },
		{ GO_G_STARTPC, GOPC }, { GO_G_SCHED, SCHED + 8 },
		{ GO_GOBUF_PC, PC + 8 }, { GO_G_STACK, STACK + 8 },
		{ GO_G_SIZE, 100000 }, { GO_G_SIZE, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		int32_t right = go.offsets.at[wrong[i].field];

		go.offsets.at[wrong[i].field] = wrong[i].at;
		fake.calls = 0;
		if (go_validate(&go, NULL) == 0)
			fail_msg("field %d at %d passes", wrong[i].field,
				 wrong[i].at);
		go.offsets.at[wrong[i].field] = right;
	}
	expect(0, NULL);
}

static void a_few_strange_ones_do_not_matter(void **state)
{
	(void)state;
	fake_put(&fake, g_at(3) + SCHED + PC, 17);
	fake_put(&fake, g_at(5) + STATUS, DEAD);
	fake_put(&fake, g_at(5) + STACK + 8, 0);
	expect(0, NULL);
	fake_put(&fake, g_at(6) + SCHED + PC, 17);
	fake_put(&fake, g_at(7) + SCHED + PC, 17);
	expect(-EBADMSG, "a saved pc that is no code");
}

/* Each look finds all of them elsewhere. */
static void move_all(struct fake_space *f)
{
	for (size_t i = 0; i < GS; i++)
		fake_put(f, g_at(i) + SCHED + SP,
			 stack_at(i) + 64 + f->calls * 8);
}

static void what_moves_is_not_judged(void **state)
{
	(void)state;
	fake.before = move_all;
	expect(-EAGAIN, "stands still");
	fake.before = NULL;
	fake_put(&fake, ALLGS + 8, 0);
	expect(-EAGAIN, "no goroutines yet");
}

static void lists_that_lie_are_refused(void **state)
{
	(void)state;
	fake_put(&fake, ALLGS + 8, UINT64_MAX);
	expect(-EBADMSG, "no list");
	fake_put(&fake, ALLGS + 16, UINT64_MAX);
	expect(-EBADMSG, "no list");
	/* Long beyond what is mapped. */
	fake_put(&fake, ALLGS + 8, 1 << 27);
	fake_put(&fake, ALLGS + 16, 1 << 27);
	expect(-EBADMSG, "no list");
	fake_put(&fake, ALLGS, UINT64_MAX - 7);
	expect(-EBADMSG, "no list");
	fake_put(&fake, ALLGS, 24);
	expect(-EBADMSG, "no list");
}

static void goroutines_that_are_not_there_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < GS; i++)
		fake_put(&fake, LIST + i * 8, 0x10 * i + 0x1000);
	if (go_validate(&go, NULL) == 0)
		fail_msg("pointers to nowhere pass");
	for (size_t i = 0; i < GS; i++)
		fake_put(&fake, LIST + i * 8, g_at(0));
	fake_put(&fake, g_at(0) + GOID, 2);
	expect(-EBADMSG, "not 1");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, init, release)
	static const struct CMUnitTest tests[] = {
		TEST(what_fits_is_right),
		TEST(offsets_of_another_version_are_wrong),
		TEST(a_few_strange_ones_do_not_matter),
		TEST(what_moves_is_not_judged),
		TEST(lists_that_lie_are_refused),
		TEST(goroutines_that_are_not_there_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
