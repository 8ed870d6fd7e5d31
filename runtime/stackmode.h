/* Which of the two kinds of stacks a goroutine gets. */
#ifndef PGO_RUNTIME_STACKMODE_H
#define PGO_RUNTIME_STACKMODE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/gfree.h"

/* What a goroutine's stack shall be. */
struct stack_want {
	enum gfree_kind kind;   /* of the slots that have such a one */
	bool contiguous;
	size_t bytes;           /* 0: as usual */
};

/* The wish of a goroutine that has none; constant after stackmode_setup(). */
extern struct stack_want stackmode_usual;

/* What the link and the environment say of all goroutines that do not say it
 * themselves; when segments and the arena are set up.  [any, once] */
void stackmode_setup(void);

/* Whether segments are impossible here: code does not check its stack. */
bool stackmode_is_unsplit(void);

/*
 * STACK, of pgo/go.h's PGO_STACK_*, and BYTES as a wish; -EINVAL when they make
 * no sense, -ENOTSUP for segments where they are impossible.  [any]
 */
int stackmode_want(struct stack_want *out, int stack, size_t bytes);

#endif
