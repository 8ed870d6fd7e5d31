/*
 * Who waits on a channel or a waitgroup: Go's sudog.  It lies on the waiting
 * goroutine's stack, which never moves, or on that of a foreign thread, which
 * then sleeps on a note.
 */
#ifndef PGO_RUNTIME_WAITER_H
#define PGO_RUNTIME_WAITER_H

#include <stdbool.h>

#include "runtime/g.h"
#include "runtime/lock.h"
#include "runtime/sched.h"

/* All under the lock of what is waited on, until it is off the list. */
struct waiter {
	struct waiter *next;
	struct waiter *prev;
	struct g *g;            /* NULL: a foreign thread */
	void *elem;             /* to fill or to take from; NULL: drop it */
	bool ok;                /* woken by a partner, not by close */
	struct note note;       /* of a foreign thread */
};

struct waitq {
	struct waiter *first;
	struct waiter *last;
};

static inline void waitq_put(struct waitq *q, struct waiter *w)
{
	w->next = NULL;
	w->prev = q->last;
	if (q->last)
		q->last->next = w;
	else
		q->first = w;
	q->last = w;
}

static inline struct waiter *waitq_get(struct waitq *q)
{
	struct waiter *w = q->first;

	if (!w)
		return NULL;
	q->first = w->next;
	if (q->first)
		q->first->prev = NULL;
	else
		q->last = NULL;
	return w;
}

/* Parks until waiter_wake(); drops LOCK, which is held, once it is safe. */
static inline void waiter_sleep(struct waiter *w, struct lock *lock,
				enum wait_reason reason, const void *on)
{
	if (w->g) {
		sched_park(sched_unlock, lock, reason, on);
	} else {
		lock_put(lock);
		note_wait(&w->note, -1);
	}
}

/* W, which is off its list and may be gone when this returns. */
static inline void waiter_wake(struct waiter *w)
{
	if (w->g)
		sched_ready(w->g);
	else
		note_wake(&w->note);
}

#endif
