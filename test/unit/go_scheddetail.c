/* lib/target/go/scheddetail.c: Ps and Ms of a made-up program, and lies. */
#include "lib/target/go/sched.h"
#include "test/unit/cmocka_all.h"
#include "test/unit/go_fake.h"

#define ROOTS UINT64_C(0x1000)          /* allp, allm, sched */
#define SCHEDT (ROOTS + 0x100)
#define P_LIST UINT64_C(0x2000)
#define PS UINT64_C(0x10000)
#define MS UINT64_C(0x20000)
#define GS UINT64_C(0x30000)
#define WORDS UINT64_C(0x40000)

enum { P_BYTES = 256, M_BYTES = 256, G_BYTES = 64, G_ID = 8 };

static struct fake_space space;
static struct go go;
static struct go_sched sched;
static struct snapshot snap;

static void set_offsets(void)
{
	static const struct {
		enum go_field field;
		int32_t at;
	} members[] = {
		{ GO_P_ID, 0 }, { GO_P_STATUS, 4 }, { GO_P_SCHEDTICK, 8 },
		{ GO_P_SYSCALLTICK, 12 }, { GO_P_M, 16 },
		{ GO_P_RUNQHEAD, 24 }, { GO_P_RUNQTAIL, 28 },
		{ GO_P_GFREE, 32 }, { GO_P_TIMERS, 200 },
		{ GO_M_CURG, 0 }, { GO_M_P, 8 }, { GO_M_ID, 16 },
		{ GO_M_MALLOCING, 24 }, { GO_M_THROWING, 28 },
		{ GO_M_PREEMPTOFF, 32 }, { GO_M_LOCKS, 48 },
		{ GO_M_DYING, 52 }, { GO_M_SPINNING, 56 },
		{ GO_M_BLOCKED, 57 }, { GO_M_LOCKEDG, 64 },
		{ GO_M_ALLLINK, 72 }, { GO_M_PROCID, 80 }, { GO_G_GOID, G_ID },
		{ GO_SCHED_GCWAITING, 0 }, { GO_SCHED_NMIDLELOCKED, 4 },
		{ GO_SCHED_STOPWAIT, 8 }, { GO_SCHED_SYSMONWAIT, 12 },
	};

	memset(go.offsets.at, 0xff, sizeof(go.offsets.at));
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		go.offsets.at[members[i].field] = members[i].at;
}

static void put4(uint64_t address, uint32_t v)
{
	memcpy(fake_mem(&space, address, 4), &v, 4);
}

static void put1(uint64_t address, uint8_t v)
{
	memcpy(fake_mem(&space, address, 1), &v, 1);
}

/* Ps 0 and 1; M 7 on P 1 runs goroutine 40, M 3 is locked to goroutine 41. */
static void make(void)
{
	fake_put(&space, ROOTS, P_LIST);
	fake_put(&space, ROOTS + 8, 2);
	fake_put(&space, ROOTS + 24, MS);
	for (uint32_t i = 0; i < 2; i++) {
		fake_put(&space, P_LIST + 8 * i, PS + P_BYTES * i);
		put4(PS + P_BYTES * i, i);
		fake_put(&space, GS + G_BYTES * i + G_ID, 40 + i);
	}
	put4(PS + P_BYTES + 12, UINT32_MAX);
	put4(PS + P_BYTES + 32, 5);
	fake_put(&space, PS + P_BYTES + 200 + 8, 3);
	fake_put(&space, MS, GS);
	fake_put(&space, MS + 8, PS + P_BYTES);
	fake_put(&space, MS + 16, 3);
	fake_put(&space, MS + 32, WORDS);
	fake_put(&space, MS + 40, 4);
	memcpy(fake_mem(&space, WORDS, 9), "gcing now", 9);
	put4(MS + 24, 1);
	put4(MS + 48, 2);
	put1(MS + 56, 1);
	fake_put(&space, MS + 64, GS + G_BYTES);
	fake_put(&space, MS + 72, MS + M_BYTES);
	fake_put(&space, MS + M_BYTES + 16, 7);
	put1(MS + M_BYTES + 57, 1);
	put1(SCHEDT, 1);
	put4(SCHEDT + 4, 6);
}

static int begin(void **state)
{
	(void)state;
	fake_init(&space, &go);
	set_offsets();
	go.roots.allp = ROOTS;
	go.roots.allm = ROOTS + 24;
	go.roots.sched = SCHEDT;
	fake_map(&space, ROOTS, 0x1000);
	fake_map(&space, P_LIST, 0x1000);
	fake_map(&space, PS, 2 * P_BYTES);
	fake_map(&space, MS, 2 * M_BYTES);
	fake_map(&space, GS, 2 * G_BYTES);
	fake_map(&space, WORDS, 0x100);
	make();
	memset(&sched, 0, sizeof(sched));
	snapshot_init(&snap);
	return 0;
}

static int end(void **state)
{
	(void)state;
	snapshot_release(&snap);
	go_sched_release(&sched);
	fake_release(&space, &go);
	return 0;
}

static void read_all(void)
{
	snapshot_release(&snap);
	assert_int_equal(go_sched_read(&sched, &go, &snap.sched), 0);
	assert_int_equal(go_sched_detail(&sched, &go, &snap), 0);
}

static void ps_have_what_only_detail_tells(void **state)
{
	(void)state;
	read_all();
	assert_int_equal(snap.sched.p_count, 2);
	assert_int_equal(snap.sched.ps[1].syscalltick, UINT32_MAX);
	assert_int_equal(snap.sched.ps[1].gfreecnt, 5);
	assert_int_equal(snap.sched.ps[1].timerslen, 3);
	assert_int_equal(snap.sched.ps[0].timerslen, 0);
	assert_int_equal(snap.sched.gcwaiting, 1);
	assert_int_equal(snap.sched.nmidlelocked, 6);
	assert_int_equal(snap.sched.sysmonwait, 0);
}

static void ms_are_the_newest_first(void **state)
{
	const struct snap_m *m;

	(void)state;
	read_all();
	assert_int_equal(snap.m_count, 2);
	m = &snap.ms[0];
	assert_int_equal(m->id, 7);
	assert_int_equal(m->p, SNAP_NIL);
	assert_int_equal(m->curg, SNAP_NIL);
	assert_int_equal(m->blocked, 1);
	m = &snap.ms[1];
	assert_int_equal(m->id, 3);
	assert_int_equal(m->p, 1);
	assert_int_equal(m->curg, 40);
	assert_int_equal(m->lockedg, 41);
	assert_int_equal(m->mallocing, 1);
	assert_int_equal(m->locks, 2);
	assert_int_equal(m->spinning, 1);
	assert_int_equal(m->blocked, 0);
	assert_string_equal(snapshot_string(&snap, m->preemptoff), "gcin");
}

static void what_a_version_has_not_is_unknown(void **state)
{
	(void)state;
	go.offsets.at[GO_P_TIMERS] = go.offsets.at[GO_P_SYSCALLTICK] = -1;
	go.offsets.at[GO_M_LOCKEDG] = go.offsets.at[GO_M_PREEMPTOFF] = -1;
	go.offsets.at[GO_M_SPINNING] = go.offsets.at[GO_SCHED_STOPWAIT] = -1;
	read_all();
	assert_int_equal(snap.sched.ps[1].timerslen, SNAP_UNKNOWN);
	assert_int_equal(snap.sched.ps[1].syscalltick, SNAP_UNKNOWN);
	assert_int_equal(snap.ms[1].lockedg, SNAP_UNKNOWN);
	assert_int_equal(snap.ms[1].preemptoff, SNAP_NONE);
	assert_int_equal(snap.ms[1].spinning, SNAP_UNKNOWN);
	assert_int_equal(snap.sched.stopwait, SNAP_UNKNOWN);
}

static void pointers_that_lead_nowhere_are_unknown(void **state)
{
	(void)state;
	fake_put(&space, MS, 0x7fff0000);               /* curg */
	fake_put(&space, MS + 8, 0x7fff0000);           /* p */
	fake_put(&space, MS + 32, 0x7fff0000);          /* preemptoff */
	fake_put(&space, MS + 64, UINT64_MAX - 3);      /* lockedg */
	read_all();
	assert_int_equal(snap.ms[1].curg, SNAP_UNKNOWN);
	assert_int_equal(snap.ms[1].p, SNAP_UNKNOWN);
	assert_int_equal(snap.ms[1].preemptoff, SNAP_NONE);
	assert_int_equal(snap.ms[1].lockedg, SNAP_UNKNOWN);
	fake_put(&space, MS + 32, WORDS);
	fake_put(&space, MS + 40, UINT64_MAX);
	read_all();
	assert_int_equal(snap.ms[1].preemptoff, SNAP_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)
		TEST(ps_have_what_only_detail_tells),
		TEST(ms_are_the_newest_first),
		TEST(what_a_version_has_not_is_unknown),
		TEST(pointers_that_lead_nowhere_are_unknown),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
