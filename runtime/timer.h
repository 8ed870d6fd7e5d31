/*
 * What happens at a time: sleeps, timers, tickers, deadlines.  Each P has a
 * heap of its own; timer.c tells who looks at it when.
 */
#ifndef PGO_RUNTIME_TIMER_H
#define PGO_RUNTIME_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/p.h"
#include "runtime/timerheap.h"

struct timer {
	int64_t when_ns;        /* monotonic; the owner's while not added */
	/* The heap that it is in, or was: its own lock, but for the owner's
	 * timer_add(). */
	_Atomic(struct timerheap *) home;
	uint32_t index;         /* home's lock: its place, 0: in none */
	/* Called when it is due and off the heap, with no lock held; T may be
	 * gone when it returns.  [m] */
	void (*fire)(struct timer *t, int64_t now_ns);
	/* Not NULL: goes up when T leaves the heap to fire, so that T's owner
	 * knows that FIRE, which takes it down again, is still to come. */
	_Atomic uint32_t *flights;
};

/* Adds T, which is in no heap.  Fatal when memory is out.  [any] */
void timer_add(struct timer *t);

/* Takes T out, which was zero before it was first added.  Whether it was in;
 * else it has fired, or is about to.  [any] */
bool timer_remove(struct timer *t);

/* GP, marked WAITING and off its stack, is ready again at WHEN_NS.  [m] */
void timer_sleep(struct g *gp, int64_t when_ns);

/* When the earliest of all is due, monotonic; INT64_MAX when there is none.
 * [any] */
int64_t timer_next_ns(void);

/* Whether a timer of PP's, the caller's, is due; may read the clock.  [m] */
bool timer_may_be_due(struct p *pp);
static inline bool timer_is_due(struct p *pp)
{
	return timerheap_next_ns(&pp->timers) != INT64_MAX &&
	       timer_may_be_due(pp);
}

/* Then fires what is, a few at a time.  [m] */
void timer_look(struct p *pp);

/* Fires what is due of other Ps than PP, which the caller owns.  Whether
 * there was any.  [m] */
bool timer_steal(struct p *pp);

/* FROM's timers up to LAST_NS (INT64_MAX: all) are TO's from here on.
 * [any] */
void timer_move(struct p *from, struct p *to, int64_t last_ns);

/* NS from now, or as late as can be. */
int64_t timer_in(int64_t ns);

#endif
