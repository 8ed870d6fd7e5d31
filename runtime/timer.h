/*
 * What happens at a time: sleeps, timers, tickers, in one heap.  Ms look at
 * timer_next_ns() whenever they schedule; one idle M sleeps no longer than
 * that.
 */
#ifndef PGO_RUNTIME_TIMER_H
#define PGO_RUNTIME_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
	int64_t when_ns;        /* monotonic; the owner's while not added */
	uint32_t index;         /* timers.lock: place in the heap, 0: none */
	/* Called when it is due and off the heap, with no lock held; T may be
	 * gone when it returns.  [m] */
	void (*fire)(struct timer *t, int64_t now_ns);
	/* Not NULL: goes up when T leaves the heap to fire, so that T's owner
	 * knows that FIRE, which takes it down again, is still to come. */
	_Atomic uint32_t *flights;
};

/* Adds T, which is not in the heap.  Fatal when memory is out.  [any] */
void timer_add(struct timer *t);

/* Takes T out.  Whether it was in; else it has fired, or is about to.
 * [any] */
bool timer_remove(struct timer *t);

/* When the earliest is due, monotonic; INT64_MAX when there is none.
 * [any] */
int64_t timer_next_ns(void);

/* Fires all that are due by NOW_NS.  [m] */
void timer_run(int64_t now_ns);

/* NS from now, or as late as can be. */
int64_t timer_in(int64_t ns);

#endif
