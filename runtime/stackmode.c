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

#include "runtime/env.h"

extern const char pgo_stack_contiguous[] __attribute__((weak));
extern const char pgo_stack_unsplit[] __attribute__((weak));

/* More than there are addresses. */
#define STACK_BYTES_MAX ((size_t)1 << 47)

static bool contiguous;         /* constant after stackmode_setup() */

bool stackmode_is_unsplit(void)
{
	return pgo_stack_unsplit;
}

void stackmode_setup(void)
{
	contiguous = pgo_stack_contiguous || pgo_stack_unsplit;
	if (env.stack != PGO_STACK_DEFAULT)
		contiguous = env.stack == PGO_STACK_CONTIGUOUS;
}

struct stack_want stackmode_usual(void)
{
	return (struct stack_want){ .contiguous = contiguous };
}

int stackmode_want(struct stack_want *out, int stack, size_t bytes)
{
	if (bytes > STACK_BYTES_MAX)
		return -EINVAL;
	*out = stackmode_usual();
	out->bytes = bytes;
	switch (stack) {
	case PGO_STACK_DEFAULT:
		return 0;
	case PGO_STACK_SEGMENTED:
		out->contiguous = false;
		return stackmode_is_unsplit() ? -ENOTSUP : 0;
	case PGO_STACK_CONTIGUOUS:
		out->contiguous = true;
		return 0;
	default:
		return -EINVAL;
	}
}
