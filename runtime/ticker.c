/*
 * Timers with a channel, or a function.
 *
 * The heap lets go of a timer before it fires it, and in between its owner may
 * stop or reset it.  So firing looks again, under the timer's own lock: it must
 * be armed and due.  pgo_timer_free() waits for who is on the way there
 * (flights), which is a matter of microseconds.
 *
 * Stopping drains the channel, so that what was sent before cannot be received
 * after, as since Go 1.23; a firing that was drained counts as stopped.  So of
 * each time a timer is set a receiver knows, or one stop or reset.
 */
#include "runtime/ticker.h"

#include <string.h>

#include <pgo/go.h>

#include "lib/base/clock.h"
#include "runtime/chan.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/slab.h"
#include "runtime/sys.h"
#include "runtime/timer.h"

struct pgo_timer {
	struct timer timer;             /* when_ns: lock */
	_Atomic uint32_t flights;
	struct lock lock;               /* all below; before a channel's */
	bool armed;
	int64_t period_ns;              /* 0: once */
	struct pgo_chan *chan;          /* constant; or */
	void (*fn)(void *);             /* constant */
	void *arg;                      /* constant */
	bool here;                      /* constant: fn needs no goroutine */
};

static void deliver(struct pgo_timer *t, int64_t now_ns)
{
	if (t->chan)
		pgo_chan_trysend(t->chan, &now_ns);
	else if (t->here)
		t->fn(t->arg);
	else if (pgo_go(t->fn, t->arg) < 0)
		fatal_throw("out of memory for a timer's goroutine");
}

/* Lock held.  When it is late, ticks are left out. */
static void rearm(struct pgo_timer *t, int64_t now_ns)
{
	int64_t missed = (now_ns - t->timer.when_ns) / t->period_ns;

	t->timer.when_ns += (missed + 1) * t->period_ns;
	timer_add(&t->timer);
}

static void fire(struct timer *timer, int64_t now_ns)
{
	struct pgo_timer *t = (struct pgo_timer *)timer;

	lock_get(&t->lock);
	if (t->armed && t->timer.when_ns <= now_ns) {
		/* A reset may have put it in again. */
		timer_remove(&t->timer);
		t->armed = t->period_ns != 0;
		if (t->armed)
			rearm(t, now_ns);
		fiber_acquire(t);
		deliver(t, now_ns);
	}
	lock_put(&t->lock);
	/* Release: the last of T that is touched.  Pairs with land(). */
	atomic_fetch_sub_explicit(&t->flights, 1, memory_order_release);
}

/* Lock held.  Whether it was still to fire, or has and nobody knows. */
static bool disarm(struct pgo_timer *t)
{
	bool was = t->armed;

	t->armed = false;
	timer_remove(&t->timer);
	return (t->chan && !pgo_chan_tryrecv(t->chan, NULL)) || was;
}

static void arm(struct pgo_timer *t, int64_t when_ns)
{
	fiber_release(t);
	t->armed = true;
	t->timer.when_ns = when_ns;
	timer_add(&t->timer);
}

/* Until nobody is on the way to fire T, which is disarmed. */
static void land(struct pgo_timer *t)
{
	while (atomic_load_explicit(&t->flights, memory_order_acquire))
		sys_call(SYS_sched_yield, 0, 0, 0, 0);
}

static struct pgo_timer *new_timer(void)
{
	struct pgo_timer *t = slab_new(sizeof(*t));

	if (!t)
		return NULL;
	memset(t, 0, sizeof(*t));
	t->timer.fire = fire;
	t->timer.flights = &t->flights;
	return t;
}

static struct pgo_timer *with_chan(int64_t ns, int64_t period_ns)
{
	struct pgo_timer *t = new_timer();

	if (!t)
		return NULL;
	t->chan = pgo_chan_make(sizeof(int64_t), 1);
	if (!t->chan) {
		slab_free(t, sizeof(*t));
		return NULL;
	}
	t->chan->timer = t;
	t->period_ns = period_ns;
	arm(t, timer_in(ns));
	return t;
}

struct pgo_timer *pgo_timer_new(int64_t ns)
{
	return with_chan(ns, 0);
}

struct pgo_timer *pgo_ticker_new(int64_t period_ns)
{
	return period_ns > 0 ? with_chan(period_ns, period_ns) : NULL;
}

static struct pgo_timer *with_fn(int64_t when_ns, void (*fn)(void *), void *arg,
				 bool here)
{
	struct pgo_timer *t = new_timer();

	if (!t)
		return NULL;
	t->fn = fn;
	t->arg = arg;
	t->here = here;
	arm(t, when_ns);
	return t;
}

struct pgo_timer *pgo_after_func(int64_t ns, void (*fn)(void *), void *arg)
{
	return with_fn(timer_in(ns), fn, arg, false);
}

struct pgo_timer *ticker_call(int64_t when_ns, void (*fn)(void *), void *arg)
{
	return with_fn(when_ns, fn, arg, true);
}

struct pgo_chan *pgo_after(int64_t ns)
{
	return pgo_timer_chan(pgo_timer_new(ns));
}

struct pgo_chan *pgo_timer_chan(const struct pgo_timer *t)
{
	return t ? t->chan : NULL;
}

int pgo_timer_stop(struct pgo_timer *t)
{
	bool was;

	lock_get(&t->lock);
	was = disarm(t);
	lock_put(&t->lock);
	return was;
}

int pgo_timer_reset(struct pgo_timer *t, int64_t ns)
{
	bool was;

	lock_get(&t->lock);
	was = disarm(t);
	if (t->period_ns)
		t->period_ns = ns > 0 ? ns : 1;
	arm(t, timer_in(ns));
	lock_put(&t->lock);
	return was;
}

void pgo_timer_free(struct pgo_timer *t)
{
	if (!t)
		return;
	pgo_timer_stop(t);
	land(t);
	if (t->chan)
		chan_free(t->chan);
	slab_free(t, sizeof(*t));
}
