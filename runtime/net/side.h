/*
 * One direction of a connection: what its reader, or its writer, waits for.
 *
 * One at a time uses a side.  The kernel's news come from whoever polls
 * (netpoll.h), the clock's from the timers, a close from anyone.
 */
#ifndef PGO_RUNTIME_NET_SIDE_H
#define PGO_RUNTIME_NET_SIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/lock.h"
#include "runtime/timer.h"

struct waiter;

enum {
	SIDE_CLOSED = 1,
	SIDE_EXPIRED = 2,       /* its deadline has passed */
	SIDE_SURPRISE = 4,      /* the peer's end, an error, urgent data */
};

/* What each call looks at: small, to share a line with its like. */
struct side {
	/* SIDE_IDLE, SIDE_READY, SIDE_ASKED, or the struct waiter; side.c. */
	_Atomic uintptr_t word;
	_Atomic uint32_t flags; /* EXPIRED: its limit's lock */
};

/* Its deadline. */
struct limit {
	struct timer timer;     /* when_ns: the deadline's, or earlier */
	struct side *side;      /* constant */
	struct lock lock;       /* all below */
	bool armed;             /* the timer is in the heap, or on its way
				 * to fire */
	int64_t deadline_ns;    /* 0: none */
};

/* As new, for a connection that nobody knows yet.  [any] */
void side_init(struct side *s, struct limit *l);

/* 0, -EBADF or -ETIMEDOUT.  [any] */
int side_error(struct side *s);

/* Whether the kernel has told of something since this was last asked, or
 * since a wait ended.  [any] */
bool side_take_news(struct side *s);

/* Whether it was told of more than room or bytes, ever, or its descriptor is in
 * other hands too.  [any] */
bool side_is_surprised(struct side *s);
void side_surprise(struct side *s);

/* Parks until the kernel tells of something, or has since the last try: 0.
 * Else as side_error().  ON is shown to who looks.  [any] */
int side_wait(struct side *s, const void *on);

/*
 * The kernel has news, and SURPRISE says whether it is more than room or
 * bytes.  Who is to be woken, or NULL: he is counted until the caller's
 * netpoll_end_wait().  [any]
 */
struct waiter *side_news(struct side *s, bool surprise);

/* Ends waits of L's side and makes later ones fail.  [any] */
void side_close(struct limit *l);

/* WHEN_NS as in pgo_conn_deadline().  [any] */
void side_deadline(struct limit *l, int64_t when_ns);

#endif
