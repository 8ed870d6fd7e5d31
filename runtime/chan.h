/*
 * A channel from within: what select does with the lock of several held.
 */
#ifndef PGO_RUNTIME_CHAN_H
#define PGO_RUNTIME_CHAN_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/lock.h"
#include "runtime/waiter.h"

struct pgo_chan {
	struct lock lock;       /* everything below but the two constants */
	bool closed;
	size_t elem_bytes;      /* constant */
	size_t cap;             /* constant */
	size_t count;           /* elements in the buffer */
	size_t head;            /* the oldest one */
	struct waitq senders;
	struct waitq receivers;
	struct pgo_timer *timer; /* constant: what sends on it, or NULL */
	char buffer[];
};

/*
 * What can be done at once, with the lock held before and after: 0, and in
 * *WAKE who is to be woken when it has been dropped, or NULL; -EAGAIN when it
 * would have to wait; -EPIPE when the channel is closed (and, of receiving,
 * drained: *ELEM is zeroed then).
 */
int chan_send_now(struct pgo_chan *c, const void *elem, struct waiter **wake);
int chan_receive_now(struct pgo_chan *c, void *elem, struct waiter **wake);

/* Whether they would return something else than -EAGAIN, as it seems: a
 * select that waits may be taken by another of its channels meanwhile.  Lock
 * held. */
bool chan_can_send(struct pgo_chan *c);
bool chan_can_receive(struct pgo_chan *c);

/* pgo_chan_free() of one that may be a timer's, without the timer. */
void chan_free(struct pgo_chan *c);

#endif
