/*
 * Kinds and sizes of stacks: what pgo_go_opts() gives is what was asked for,
 * and what makes no sense is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pgo/pgo.h>

#include "runtime/view.h"
#include "test/unit/pgo/goroutine.h"

#define FRAME_BYTES 1024

static void nothing(void *arg)
{
	(void)arg;
}

static int64_t go(int stack, size_t bytes, void (*fn)(void *), void *arg)
{
	struct pgo_go_opts o = { sizeof(o), stack, bytes };

	return pgo_go_opts(&o, fn, arg);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	struct pgo_go_opts newer = { sizeof(newer) + 1, 0, 0 };

	(void)state;
	assert_int_equal(pgo_go_opts(&newer, nothing, NULL), -EINVAL);
	assert_int_equal(go(3, 0, nothing, NULL), -EINVAL);
	assert_int_equal(go(-1, 0, nothing, NULL), -EINVAL);
	for (int stack = 0; stack <= PGO_STACK_CONTIGUOUS; stack++) {
		assert_int_equal(go(stack, SIZE_MAX, nothing, NULL), -EINVAL);
		assert_int_equal(go(stack, ((size_t)1 << 47) + 1, nothing,
				    NULL), -EINVAL);
		assert_int_equal(go(stack, (size_t)1 << 47, nothing, NULL),
				 -ENOMEM);
	}
}

static void no_options_are_those_of_pgo_go(void **state)
{
	struct pgo_go_opts old = { offsetof(struct pgo_go_opts, stack_bytes),
				   PGO_STACK_CONTIGUOUS, SIZE_MAX };

	(void)state;
	assert_true(pgo_go_opts(NULL, nothing, NULL) > 0);
	/* What lies beyond its size is nothing. */
	assert_true(pgo_go_opts(&old, nothing, NULL) > 0);
	old.size = 0;
	assert_true(pgo_go_opts(&old, nothing, NULL) > 0);
}

/* A visit, so many bytes deep ---------------------------------------------- */

struct visit {
	size_t bytes;
	long sum;                       /* of the frames, on the way back */
	struct view_g seen;             /* at the bottom */
};

static long view_of(int64_t id, struct view_g *out)
{
	uint64_t pcs[4];

	for (uint32_t slot = 0; slot < pgo_view_1.slots(); slot++)
		if (pgo_view_1.goroutine(slot, out, pcs, 4) >= 0 &&
		    out->id == id)
			return 0;
	return -1;
}

static void *look(void *arg)
{
	struct visit *v = arg;

	view_of(pgo_goid(), &v->seen);
	return NULL;
}

__attribute__((noinline)) static long descend(struct visit *v, long left)
{
	volatile char frame[FRAME_BYTES - 64];
	long below;

	memset((char *)frame, (char)left, sizeof(frame));
	if (!left) {
		pgo_yield();
		pgo_sys(look, v);
		return 0;
	}
	below = descend(v, left - 1);
	return below + (frame[left % 64] == (char)left);
}

static void visitor(void *arg)
{
	struct visit *v = arg;
	char c = 0;

	v->sum = descend(v, (long)(v->bytes / FRAME_BYTES));
	pgo_chan_send(world.done, &c);
}

static void visit(struct visit *v, int stack, size_t stack_bytes)
{
	char c;

	memset(&v->seen, 0, sizeof(v->seen));
	assert_true(go(stack, stack_bytes, visitor, v) > 0);
	pgo_chan_recv(world.done, &c);
	assert_int_equal(v->sum, v->bytes / FRAME_BYTES);
}

static const size_t sizes[] = {
	0, 1, 4096, 100000, 230000, 240000, 1 << 20, 5 << 20, 20 << 20,
};

static void a_contiguous_stack_has_the_room_asked_for(void **state)
{
	/* Twice: the second time most are used again. */
	(void)state;
	for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t bytes = sizes[i / 2];
		size_t least = bytes > 200000 ? bytes - 2048 : 200000;
		struct visit v = { .bytes = least };

		visit(&v, PGO_STACK_CONTIGUOUS, bytes);
		assert_int_equal(v.seen.segments, 1);
		assert_in_range(v.seen.stack_used, least * 9 / 10,
				least * 11 / 10 + FRAME_BYTES);
		assert_true(v.seen.stack_bytes >= v.seen.stack_used);
		assert_int_equal(v.seen.grows, 0);
	}
}

static void a_segmented_stack_begins_as_large_as_it_was_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t bytes = sizes[i];
		struct visit v = { .bytes = bytes / 2 };

		visit(&v, PGO_STACK_SEGMENTED, bytes);
		assert_true(v.seen.stack_bytes >= bytes);
		assert_int_equal(v.seen.grows + 1, v.seen.segments);
		if (bytes > 8192)
			assert_int_equal(v.seen.segments, 1);
	}
}

/* What the process has of addresses, and of memory, in MiB. */
static void measure(long *addresses, long *memory)
{
	FILE *f = fopen("/proc/self/statm", "r");

	assert_non_null(f);
	assert_int_equal(fscanf(f, "%ld %ld", addresses, memory), 2);
	fclose(f);
	*addresses /= 256;
	*memory /= 256;
}

/* From the arena's lists, and mapped by themselves. */
static const size_t own_sizes[] = { 1 << 20, 5 << 20, 20 << 20 };

static void stacks_of_their_own_size_come_back(void **state)
{
	long addresses, memory, addresses_after, memory_after;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct visit v = { .bytes = own_sizes[i] };

		visit(&v, PGO_STACK_CONTIGUOUS, v.bytes);
		measure(&addresses, &memory);
		for (int n = 0; n < 20; n++)
			visit(&v, PGO_STACK_CONTIGUOUS, v.bytes);
		measure(&addresses_after, &memory_after);
		/* One may not be quite gone when the next begins. */
		assert_in_range(addresses_after - addresses + 64, 0,
				64 + 2 * 32 + 64);
		assert_in_range(memory_after - memory + 64, 0, 64 + 2 * 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_that_make_no_sense_are_refused),
		cmocka_unit_test(no_options_are_those_of_pgo_go),
		cmocka_unit_test(a_contiguous_stack_has_the_room_asked_for),
		cmocka_unit_test(
			a_segmented_stack_begins_as_large_as_it_was_asked_for),
		cmocka_unit_test(stacks_of_their_own_size_come_back),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
