/* lib/target/go/waits.c: wait records and channels of a made-up program. */
#include "lib/target/go/waits.h"

#include "test/unit/cmocka_all.h"
#include "test/unit/go_fake.h"

enum {
	/* struct sudog, as up to 1.25, and struct hchan. */
	G = 0, NEXT = 8, PREV = 16, ELEM = 24, IS_SELECT = 52, WAITLINK = 64,
	C = 80, RECORD_BYTES = 96,
	QCOUNT = 0, DATAQSIZ = 8, ELEMSIZE = 24, CLOSED = 28, RECVQ = 56,
	SENDQ = 72,
	ROWS = 2000,
};

#define RECORDS UINT64_C(0xc000000000)
#define CHAN_A UINT64_C(0xc100000000)
#define CHAN_B UINT64_C(0xc100000100)
#define SEMTABLE UINT64_C(0x600000)
#define MUTEX UINT64_C(0xc200000008)

static struct fake_space space;
static struct go go;
static struct go_waits waits;
static struct snapshot snap;

static uint64_t g_of(uint32_t row)
{
	return 0x1000 + 512 * (uint64_t)row;
}

static uint64_t record(uint32_t i)
{
	return RECORDS + RECORD_BYTES * (uint64_t)i;
}

static int begin(void **state)
{
	int32_t *at = go.offsets.at;

	(void)state;
	fake_init(&space, &go);
	memset(at, 0xff, sizeof(go.offsets.at));
	at[GO_SUDOG_G] = G;
	at[GO_SUDOG_NEXT] = NEXT;
	at[GO_SUDOG_PREV] = PREV;
	at[GO_SUDOG_ELEM] = ELEM;
	at[GO_SUDOG_ISSELECT] = IS_SELECT;
	at[GO_SUDOG_WAITLINK] = WAITLINK;
	at[GO_SUDOG_C] = C;
	at[GO_HCHAN_QCOUNT] = QCOUNT;
	at[GO_HCHAN_DATAQSIZ] = DATAQSIZ;
	at[GO_HCHAN_ELEMSIZE] = ELEMSIZE;
	at[GO_HCHAN_CLOSED] = CLOSED;
	at[GO_HCHAN_RECVQ] = RECVQ;
	at[GO_HCHAN_SENDQ] = SENDQ;
	go.minor = 22;
	fake_map(&space, RECORDS, RECORD_BYTES * ROWS);
	fake_map(&space, CHAN_A, 512);
	snapshot_init(&snap);
	for (uint32_t i = 0; i < ROWS; i++)
		snapshot_row(&snap);
	memset(&waits, 0, sizeof(waits));
	go_waits_begin(&waits);
	return 0;
}

static int end(void **state)
{
	(void)state;
	go_waits_release(&waits);
	snapshot_release(&snap);
	fake_release(&space, &go);
	return 0;
}

/* Record I says that goroutine ROW waits on channel CHAN, or at ELEM. */
static void put(uint32_t i, uint32_t row, uint64_t chan, uint64_t elem)
{
	fake_put(&space, record(i) + G, g_of(row));
	fake_put(&space, record(i) + C, chan);
	fake_put(&space, record(i) + ELEM, elem);
}

static void note(uint32_t row, uint64_t first, enum snap_wait_kind kind)
{
	go_waits_note(&waits, g_of(row), first, row, kind);
}

static const struct snap_object *object(uint64_t address)
{
	for (uint32_t i = 0; i < snap.object_count; i++)
		if (snap.objects[i].address == address)
			return &snap.objects[i];
	fail_msg("no object 0x%llx", (unsigned long long)address);
	return NULL;
}

static void waiters_of_a_channel_are_together(void **state)
{
	const struct snap_object *o;

	(void)state;
	for (uint32_t i = 0; i < ROWS; i++) {
		put(i, i, i < 10 ? CHAN_A : CHAN_B, 0);
		note(i, record(i), i < 10 ? SNAP_WAIT_SEND
					  : SNAP_WAIT_RECEIVE);
	}
	fake_put(&space, CHAN_A + QCOUNT, 4);
	fake_put(&space, CHAN_A + DATAQSIZ, 4);
	fake_put(&space, CHAN_A + ELEMSIZE, 8 | UINT64_C(1) << 32);
	assert_int_equal(go_waits_read(&waits, &go, &snap), 0);
	assert_int_equal(snap.object_count, 2);
	assert_int_equal(snap.wait_count, ROWS);
	o = object(CHAN_A);
	assert_int_equal(o->senders, 10);
	assert_int_equal(o->receivers, 0);
	assert_int_equal(o->len, 4);
	assert_int_equal(o->cap, 4);
	assert_int_equal(o->elem_bytes, 8);
	assert_true(o->closed);
	assert_int_equal(object(CHAN_B)->receivers, ROWS - 10);
	assert_int_equal(snap.rows[5].wait_on, CHAN_A);
	assert_true(space.calls < 10);
}

static void a_select_waits_on_all_its_cases(void **state)
{
	(void)state;
	put(0, 0, CHAN_A, 0);
	put(1, 0, CHAN_B, 0);
	for (uint32_t i = 0; i < 2; i++)
		fake_put(&space, record(i) + IS_SELECT - 4,
			 UINT64_C(1) << 32);
	fake_put(&space, record(0) + WAITLINK, record(1));
	fake_put(&space, CHAN_A + RECVQ, record(0));
	fake_put(&space, CHAN_B + SENDQ, record(1));
	note(0, record(0), SNAP_WAIT_UNKNOWN);
	assert_int_equal(go_waits_read(&waits, &go, &snap), 0);
	assert_int_equal(snap.wait_count, 2);
	assert_int_equal(object(CHAN_A)->receivers, 1);
	assert_int_equal(object(CHAN_B)->senders, 1);
	assert_int_equal(snap.rows[0].wait_on, 0);
}

static void records_of_others_do_not_count(void **state)
{
	(void)state;
	put(0, 1, CHAN_A, 0);           /* given back, and taken by another */
	note(0, record(0), SNAP_WAIT_RECEIVE);
	note(1, 0x10, SNAP_WAIT_RECEIVE);
	assert_int_equal(go_waits_read(&waits, &go, &snap), 0);
	assert_int_equal(snap.wait_count, 0);
}

static void since_1_26_the_second_pointer_of_a_pair_is_true(void **state)
{
	(void)state;
	go.minor = 26;
	put(0, 0, 0, 0);
	put(1, 1, 0, 0);
	fake_put(&space, record(0) + C + 8, CHAN_A);
	fake_put(&space, record(1) + ELEM + 8, MUTEX);
	note(0, record(0), SNAP_WAIT_SEND);
	note(1, record(1), SNAP_WAIT_UNKNOWN);
	assert_int_equal(go_waits_read(&waits, &go, &snap), 0);
	assert_int_equal(object(CHAN_A)->senders, 1);
	assert_int_equal(object(MUTEX)->acquirers, 1);
	assert_int_equal(object(MUTEX)->kind, SNAP_SEMAPHORE);
	assert_int_equal(snap.rows[1].wait_on, MUTEX);
}

/* A tree of three addresses; 1000 wait in a list at the first. */
static void make_semaphores(void)
{
	go.roots.semtable = SEMTABLE;
	fake_map(&space, SEMTABLE, 251 * 64);
	fake_put(&space, SEMTABLE + 64 * 7 + 8, record(0));
	for (uint32_t i = 0; i < 1002; i++) {
		put(i, i, 0, MUTEX + (i < 1000 ? 0 : i));
		note(i, 0, SNAP_WAIT_UNKNOWN);
		if (i < 999)
			fake_put(&space, record(i) + WAITLINK, record(i + 1));
	}
	fake_put(&space, record(0) + PREV, record(1000));
	fake_put(&space, record(0) + NEXT, record(1001));
}

static void semaphores_are_found_by_their_table(void **state)
{
	(void)state;
	make_semaphores();
	assert_int_equal(go_waits_read(&waits, &go, &snap), 0);
	assert_int_equal(snap.object_count, 3);
	assert_int_equal(object(MUTEX)->acquirers, 1000);
	assert_int_equal(snap.rows[1001].wait_on, MUTEX + 1001);
}

static void a_table_that_runs_in_circles_ends(void **state)
{
	(void)state;
	make_semaphores();
	for (uint32_t i = 0; i < 1002; i++) {
		fake_put(&space, record(i) + WAITLINK, record(0));
		fake_put(&space, record(i) + PREV, record(1001 - i));
		fake_put(&space, record(i) + NEXT, record(i / 2));
	}
	assert_int_equal(go_waits_read(&waits, &go, &snap), 0);
	assert_true(space.calls < 5000);
}

/* Of a program with DWARF that lies. */
static void members_far_out_are_not_read(void **state)
{
	(void)state;
	put(0, 0, CHAN_A, 0);
	note(0, record(0), SNAP_WAIT_SEND);
	go.offsets.at[GO_HCHAN_RECVQ] = 60000;
	assert_int_equal(go_waits_read(&waits, &go, &snap), 0);
	assert_int_equal(object(CHAN_A)->cap, SNAP_UNKNOWN);
	go.offsets.at[GO_SUDOG_G] = 60000;
	go_waits_begin(&waits);
	note(0, record(0), SNAP_WAIT_SEND);
	assert_int_equal(go_waits_read(&waits, &go, &snap), 0);
	assert_int_equal(snap.wait_count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(t) cmocka_unit_test_setup_teardown(t, begin, end)
		TEST(waiters_of_a_channel_are_together),
		TEST(a_select_waits_on_all_its_cases),
		TEST(records_of_others_do_not_count),
		TEST(since_1_26_the_second_pointer_of_a_pair_is_true),
		TEST(semaphores_are_found_by_their_table),
		TEST(a_table_that_runs_in_circles_ends),
		TEST(members_far_out_are_not_read),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
