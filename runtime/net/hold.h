/*
 * Who uses a descriptor: it is closed when nobody does any more, so that its
 * number is not another's meanwhile; and whose turn it is to read, and to
 * write.
 */
#ifndef PGO_RUNTIME_NET_HOLD_H
#define PGO_RUNTIME_NET_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include <pgo/sema.h>

enum turn { TURN_READ, TURN_WRITE, TURN_NONE };

struct hold {
	_Atomic uint64_t word;          /* hold.c */
	struct pgo_sema queue[2];       /* by enum turn */
};

/* Open, and in use by whoever will close it. */
void hold_init(struct hold *h);

/*
 * One more user, and, but for TURN_NONE, who waits for the turn; OWNER is shown
 * as what it waits for.  0, or -EBADF when it is closed.  1 when that came
 * while one waited: a user still, to end with TURN_NONE.  [any]
 */
int hold_begin(struct hold *h, enum turn turn, const void *owner);

/* Whether the caller was the last, and it is closed.  [any] */
bool hold_end(struct hold *h, enum turn turn);

/* No more users, and nobody waits for a turn.  Whether the caller has closed
 * it, who then is a user himself, to end with TURN_NONE.  [any] */
bool hold_close(struct hold *h);

#endif
