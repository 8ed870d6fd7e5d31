/*
 * Segmented or contiguous.
 *
 * The link says what a program's goroutines have by default, PGODEBUG=stack=
 * says it again for one run, pgo_go_opts() for one goroutine.  Code without
 * split prologues never notices that a segment ends, so a program that has
 * such code on its goroutines has contiguous stacks only.
 */
#include "runtime/stackmode.h"

#include <errno.h>

#include <pgo/go.h>

#include "runtime/arena.h"
#include "runtime/env.h"
#include "runtime/fiber.h"
#include "runtime/seg.h"

extern const char pgo_stack_contiguous[] __attribute__((weak));
extern const char pgo_stack_unsplit[] __attribute__((weak));

/* More than there are addresses. */
#define STACK_BYTES_MAX ((size_t)1 << 47)

struct stack_want stackmode_usual;

bool stackmode_is_unsplit(void)
{
	return pgo_stack_unsplit || fiber_watch.sanitized;
}

static void want(struct stack_want *out, bool contiguous, size_t bytes)
{
	out->contiguous = contiguous;
	out->bytes = bytes;
	out->kind = contiguous ? GFREE_CONTIGUOUS : GFREE_SEGMENTED;
	if (contiguous ? !arena_is_usual(bytes) : bytes > seg_first_bytes())
		out->kind = GFREE_BARE;
}

void stackmode_setup(void)
{
	bool contiguous = pgo_stack_contiguous || stackmode_is_unsplit();

	if (env.stack != PGO_STACK_DEFAULT)
		contiguous = env.stack == PGO_STACK_CONTIGUOUS;
	want(&stackmode_usual, contiguous, 0);
}

int stackmode_want(struct stack_want *out, int stack, size_t bytes)
{
	bool contiguous = stack == PGO_STACK_DEFAULT ?
				  stackmode_usual.contiguous :
				  stack == PGO_STACK_CONTIGUOUS;

	if (bytes > STACK_BYTES_MAX || stack < PGO_STACK_DEFAULT ||
	    stack > PGO_STACK_CONTIGUOUS)
		return -EINVAL;
	if (!contiguous && stackmode_is_unsplit())
		return -ENOTSUP;
	want(out, contiguous, bytes);
	return 0;
}
