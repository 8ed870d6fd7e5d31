/*
 * Who waits on a channel, a lock or a waitgroup: Go's sudog.  It lies on the
 * waiting goroutine's stack, which never moves, or on that of a foreign
 * thread, which then sleeps on a note.
 *
 * A select waits on several channels with a waiter on each.  They share a
 * struct race, and who takes one of them off its list has it only when it wins
 * that race; the others are off their lists but lead nowhere.
 */
#ifndef PGO_RUNTIME_WAITER_H
#define PGO_RUNTIME_WAITER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "runtime/foreign.h"
#include "runtime/fiber.h"
#include "runtime/g.h"
#include "runtime/lock.h"
#include "runtime/sched.h"

struct waiter;

/* Which of a select's waiters is woken. */
struct race {
	_Atomic uint32_t over;
	struct waiter *winner;  /* whoever ended it writes, before waking */
};

/* All under the lock of what is waited on, until it is off the list. */
struct waiter {
	struct waiter *next;
	struct waiter *prev;
	struct g *g;            /* NULL: a foreign thread */
	void *elem;             /* to fill or to take from; NULL: drop it */
	struct race *race;      /* NULL: it waits for nothing else */
	struct note *bell;      /* of a foreign thread; NULL: its own note */
	bool ok;                /* woken by a partner, not by close */
	bool listed;
	struct note note;       /* of a foreign thread */
};

struct waitq {
	struct waiter *first;
	struct waiter *last;
};

/* The caller's, who waits for nothing else.  waitq_put() fills the rest. */
static inline void waiter_init(struct waiter *w, void *elem)
{
	w->g = g_get();
	w->elem = elem;
	w->race = NULL;
	w->bell = NULL;
	w->ok = false;
	w->note = (struct note){ 0 };
}

static inline void waitq_put(struct waitq *q, struct waiter *w)
{
	w->listed = true;
	w->next = NULL;
	w->prev = q->last;
	if (q->last)
		q->last->next = w;
	else
		q->first = w;
	q->last = w;
}

/* Before all others. */
static inline void waitq_put_first(struct waitq *q, struct waiter *w)
{
	w->listed = true;
	w->prev = NULL;
	w->next = q->first;
	if (q->first)
		q->first->prev = w;
	else
		q->last = w;
	q->first = w;
}

static inline void waitq_remove(struct waitq *q, struct waiter *w)
{
	if (!w->listed)
		return;
	w->listed = false;
	if (w->prev)
		w->prev->next = w->next;
	else
		q->first = w->next;
	if (w->next)
		w->next->prev = w->prev;
	else
		q->last = w->prev;
}

/* Whether W, just off its list, is the caller's to wake. */
static inline bool waiter_win(struct waiter *w)
{
	/* Acquire and release: whoever comes second must see that somebody
	 * was first, and nothing else of his. */
	if (w->race && atomic_exchange_explicit(&w->race->over, 1,
						memory_order_acq_rel))
		return false;
	if (w->race)
		w->race->winner = w;
	return true;
}

static inline void waitq_remove_first(struct waitq *q, struct waiter *w)
{
	w->listed = false;
	q->first = w->next;
	if (w->next)
		w->next->prev = NULL;
	else
		q->last = NULL;
}

/* The first who still waits, off the list, to be woken by the caller. */
static inline struct waiter *waitq_get(struct waitq *q)
{
	struct waiter *w;

	while ((w = q->first) != NULL) {
		waitq_remove_first(q, w);
		if (waiter_win(w))
			return w;
	}
	return NULL;
}

/* Whether waitq_get() would find somebody, as it seems now. */
static inline bool waitq_has(struct waitq *q)
{
	struct waiter *w;

	while ((w = q->first) != NULL) {
		if (!w->race || !atomic_load_explicit(&w->race->over,
						      memory_order_acquire))
			return true;
		waitq_remove(q, w);
	}
	return false;
}

/* Parks until waiter_wake(); drops LOCK, which is held, once it is safe. */
static inline void waiter_sleep(struct waiter *w, struct lock *lock,
				enum wait_reason reason, const void *on)
{
	if (w->g) {
		sched_park_unlock(lock, reason, on);
	} else {
		foreign_begin_sleep();
		lock_put(lock);
		foreign_sleep(&w->note);
	}
	fiber_acquire(w);
}

/* W, which is off its list and may be gone when this returns. */
static inline void waiter_wake(struct waiter *w)
{
	fiber_release(w);
	if (w->g)
		sched_ready(w->g);
	else
		foreign_wake(w->bell ? w->bell : &w->note);
}

/* All of a list linked by next, whoever they are. */
static inline void waiter_wake_all(struct waiter *w)
{
	while (w) {
		struct waiter *next = w->next;

		waiter_wake(w);
		w = next;
	}
}

#endif
