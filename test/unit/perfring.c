/* Records of perf events in a ring of our own. */
#include "lib/target/perfring.h"

#include <stdlib.h>
#include <string.h>

#include "test/unit/cmocka_all.h"

enum { BYTES = 4096, SEEN_MAX = 16, STACK = 64 };

struct ring {
	struct perfring r;
	struct perf_event_mmap_page page;
	_Alignas(8) uint8_t data[BYTES];
	struct sampler_figures f;
	struct cpu_sample seen[SEEN_MAX];
	uint64_t chain[SEEN_MAX][8];
	uint8_t stack[SEEN_MAX][STACK];
	size_t n;
};

static void each(void *ctx, const struct cpu_sample *s)
{
	struct ring *t = ctx;

	assert_true(t->n < SEEN_MAX);
	t->seen[t->n] = *s;
	memcpy(t->chain[t->n], s->chain, s->chain_n * sizeof(*s->chain));
	memcpy(t->stack[t->n], s->stack, s->stack_bytes);
	t->n++;
}

/* A ring whose next record lies AT bytes from its beginning. */
static struct ring *ring_at(uint64_t at)
{
	struct ring *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->r = (struct perfring){ &t->page, t->data, BYTES };
	t->page.data_head = t->page.data_tail = at;
	return t;
}

static void put(struct ring *t, const void *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		t->data[t->page.data_head++ % BYTES] = ((const uint8_t *)p)[i];
}

static void put_u64(struct ring *t, uint64_t v)
{
	put(t, &v, sizeof(v));
}

static void put_header(struct ring *t, uint32_t type, size_t bytes)
{
	struct perf_event_header h = { .type = type,
				       .size = (uint16_t)(sizeof(h) + bytes) };

	put(t, &h, sizeof(h));
}

/* A sample of thread TID at PC, its stack N bytes of TID. */
static void put_sample(struct ring *t, uint32_t tid, uint64_t pc, uint64_t n)
{
	const uint64_t regs[] = { 0xb9, 0x59, pc, 0x14 };
	const uint64_t chain[] = { PERF_CONTEXT_USER, pc, pc + 1 };
	uint8_t stack[STACK];
	uint32_t ids[2] = { 4711, tid };

	memset(stack, (int)tid, sizeof(stack));
	put_header(t, PERF_RECORD_SAMPLE,
		   4 * 8 + sizeof(chain) + 8 + sizeof(regs) + 8 + STACK + 8);
	put(t, ids, sizeof(ids));
	put_u64(t, 99);
	put_u64(t, 1234);
	put_u64(t, 3);
	put(t, chain, sizeof(chain));
	put_u64(t, PERF_SAMPLE_REGS_ABI_64);
	put(t, regs, sizeof(regs));
	put_u64(t, STACK);
	put(t, stack, sizeof(stack));
	put_u64(t, n);
}

static void read_all(struct ring *t)
{
	const struct sampler_sink to = { .each = each, .ctx = t };

	perfring_read(&t->r, &to, &t->f);
	assert_int_equal(t->page.data_tail, t->page.data_head);
}

static void assert_sample(struct ring *t, size_t i, pid_t tid, uint64_t pc,
			  size_t bytes)
{
	assert_int_equal(t->seen[i].tid, tid);
	assert_int_equal(t->seen[i].periods, 1);
	assert_int_equal(t->seen[i].time_ns, 99);
	assert_int_equal(t->seen[i].event, 1234);
	assert_int_equal(t->seen[i].regs.pc, pc);
	assert_int_equal(t->seen[i].regs.sp, 0x59);
	assert_int_equal(t->seen[i].regs.bp, 0xb9);
	assert_int_equal(t->seen[i].regs.r14, 0x14);
	assert_int_equal(t->seen[i].chain_n, 2);
	assert_int_equal(t->chain[i][0], pc);
	assert_int_equal(t->chain[i][1], pc + 1);
	assert_int_equal(t->seen[i].stack_bytes, bytes);
	for (size_t k = 0; k < bytes; k++)
		assert_int_equal(t->stack[i][k], tid);
}

static void samples_come_whole_and_in_order(void **state)
{
	struct ring *t = ring_at(0);

	(void)state;
	put_sample(t, 7, 0x1000, STACK);
	put_sample(t, 8, 0x2000, 16);
	read_all(t);
	assert_int_equal(t->n, 2);
	assert_int_equal(t->f.samples, 2);
	assert_sample(t, 0, 7, 0x1000, STACK);
	assert_sample(t, 1, 8, 0x2000, 16);
	free(t);
}

/* At every place of the header and of all that is behind it. */
static void a_record_over_the_end_of_the_ring_is_one(void **state)
{
	(void)state;
	for (uint64_t before = 8; before < 240; before += 8) {
		struct ring *t = ring_at(3 * BYTES - before);

		put_sample(t, 9, 0x3000, STACK);
		put_sample(t, 10, 0x4000, STACK);
		read_all(t);
		assert_int_equal(t->n, 2);
		assert_sample(t, 0, 9, 0x3000, STACK);
		assert_sample(t, 1, 10, 0x4000, STACK);
		free(t);
	}
}

static void losses_and_throttling_are_counted(void **state)
{
	struct ring *t = ring_at(0);

	(void)state;
	put_header(t, PERF_RECORD_LOST, 16);
	put_u64(t, 1);
	put_u64(t, 12);
	put_header(t, PERF_RECORD_THROTTLE, 24);
	for (int i = 0; i < 3; i++)
		put_u64(t, 5);
	put_header(t, PERF_RECORD_LOST, 16);
	put_u64(t, 1);
	put_u64(t, 30);
	put_sample(t, 7, 0x1000, STACK);
	read_all(t);
	assert_int_equal(t->f.lost, 42);
	assert_int_equal(t->f.throttled, 1);
	assert_int_equal(t->f.samples, 1);
	free(t);
}

static void a_sample_without_user_registers_is_none(void **state)
{
	struct ring *t = ring_at(0);
	uint32_t ids[2] = { 4711, 7 };

	(void)state;
	put_header(t, PERF_RECORD_SAMPLE, 6 * 8);
	put(t, ids, sizeof(ids));
	put_u64(t, 99);
	put_u64(t, 1234);
	put_u64(t, 0);
	put_u64(t, PERF_SAMPLE_REGS_ABI_NONE);
	put_u64(t, 0);
	put_sample(t, 8, 0x2000, STACK);
	read_all(t);
	assert_int_equal(t->n, 1);
	assert_sample(t, 0, 8, 0x2000, STACK);
	free(t);
}

/* Lengths inside a record that lead out of it. */
static void nonsense_is_skipped(void **state)
{
	struct ring *t = ring_at(0);
	uint32_t ids[2] = { 4711, 7 };

	(void)state;
	put_header(t, PERF_RECORD_SAMPLE, 4 * 8);
	put(t, ids, sizeof(ids));
	put_u64(t, 99);
	put_u64(t, 1234);
	put_u64(t, UINT64_MAX / 8);
	put_sample(t, 8, 0x2000, STACK * 2);
	put_header(t, PERF_RECORD_LOST, 0);
	read_all(t);
	assert_int_equal(t->n, 1);
	assert_sample(t, 0, 8, 0x2000, STACK);
	assert_int_equal(t->f.lost, 0);
	put_header(t, PERF_RECORD_SAMPLE, BYTES);
	put_u64(t, 0);
	read_all(t);
	put_header(t, PERF_RECORD_SAMPLE, 0);
	memset(t->data + (t->page.data_head - 8) % BYTES, 0, 8);
	read_all(t);
	assert_int_equal(t->n, 1);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_come_whole_and_in_order),
		cmocka_unit_test(a_record_over_the_end_of_the_ring_is_one),
		cmocka_unit_test(losses_and_throttling_are_counted),
		cmocka_unit_test(a_sample_without_user_registers_is_none),
		cmocka_unit_test(nonsense_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
