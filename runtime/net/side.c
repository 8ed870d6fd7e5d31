/*
 * Waiting for one direction.
 *
 *   SIDE_IDLE    nobody waits, and there are no news
 *   SIDE_READY   there are news that nobody has looked at
 *   SIDE_ASKED   somebody is about to wait, and looks at the flags once more
 *   a waiter     who waits; whoever takes it out of the word wakes it
 *
 * The word moves by compare and swap alone, as in Go's runtime/netpoll.go.
 * Who closes, or lets a deadline pass, sets the flag first and takes the
 * waiter out after; who waits asks first and looks at the flags after: one of
 * them sees the other.
 *
 * News may be old: of the connection that had this memory before, or of what
 * was read meanwhile.  So they are never more than a reason to try again.
 * The same goes for timers that were taken out of the heap to fire while the
 * deadline moved: what counts is the deadline as it is now.  Go tells those
 * apart by sequence numbers; here memory of sides is never anything else.
 *
 * A deadline that moves to a later time, as with each request of a server,
 * leaves the timer where it is; that looks again when it fires.
 */
#include "runtime/net/side.h"

#include <errno.h>
#include <stdatomic.h>

#include "lib/base/clock.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched.h"
#include "runtime/waiter.h"

enum { SIDE_IDLE, SIDE_READY, SIDE_ASKED };

/* Who waits, on its stack. */
struct asker {
	struct waiter waiter;
	struct side *side;
};

static void fire(struct timer *t, int64_t now_ns);

void side_init(struct side *s, struct limit *l)
{
	lock_get(&l->lock);
	atomic_store(&s->word, SIDE_IDLE);
	atomic_store(&s->flags, 0);
	l->side = s;
	l->deadline_ns = 0;
	l->timer.fire = fire;
	lock_put(&l->lock);
}

int side_error(struct side *s)
{
	uint32_t flags = atomic_load(&s->flags);

	if (flags & SIDE_CLOSED)
		return -EBADF;
	return flags & SIDE_EXPIRED ? -ETIMEDOUT : 0;
}

bool side_take_news(struct side *s)
{
	uintptr_t ready = SIDE_READY;

	return atomic_load(&s->word) == SIDE_READY &&
	       atomic_compare_exchange_strong(&s->word, &ready, SIDE_IDLE);
}

bool side_is_surprised(struct side *s)
{
	return atomic_load(&s->flags) & SIDE_SURPRISE;
}

void side_surprise(struct side *s)
{
	atomic_fetch_or(&s->flags, SIDE_SURPRISE);
}

/* Waking ------------------------------------------------------------------- */

/* Who waits, out of the word; what is left there tells of news, or does not. */
static struct waiter *take(struct side *s, bool news)
{
	uintptr_t next = news ? SIDE_READY : SIDE_IDLE;
	uintptr_t old = atomic_load(&s->word);

	do {
		if (old == SIDE_READY || old == next)
			return NULL;
	} while (!atomic_compare_exchange_weak(&s->word, &old, next));
	if (old == SIDE_IDLE || old == SIDE_ASKED)
		return NULL;
	return (struct waiter *)old;
}

struct waiter *side_news(struct side *s, bool surprise)
{
	if (surprise)
		side_surprise(s);
	return take(s, true);
}

/* The limit's lock is held.  Who is to be woken once it is not. */
static struct waiter *give_up(struct side *s, uint32_t flag)
{
	atomic_fetch_or(&s->flags, flag);
	return take(s, false);
}

static void wake(struct waiter *w)
{
	if (!w)
		return;
	/* This thread is awake. */
	netpoll_end_wait(1);
	waiter_wake(w);
}

/* Waiting ------------------------------------------------------------------ */

/* ASKER may be gone once this is true. */
static bool publish(struct asker *a, bool watched)
{
	uintptr_t asked = SIDE_ASKED;

	netpoll_begin_wait();
	if (!atomic_compare_exchange_strong(&a->side->word, &asked,
					    (uintptr_t)&a->waiter)) {
		netpoll_end_wait(1);
		return false;
	}
	/* This thread does not look for work itself now. */
	if (!watched && netpoll_is_unwatched())
		sched_wake();
	return true;
}

static bool commit(struct g *gp, void *arg)
{
	return publish(arg, !gp->bound);
}

/* A thread of the program's. */
static void sleep_foreign(struct asker *a)
{
	foreign_begin_sleep();
	if (!publish(a, false))
		foreign_wake(&a->waiter.note);
	foreign_sleep(&a->waiter.note);
}

/* Whether the caller is who waits now: else there are news. */
static bool ask(struct side *s)
{
	uintptr_t old = SIDE_IDLE;

	if (atomic_compare_exchange_strong(&s->word, &old, SIDE_ASKED))
		return true;
	if (old != SIDE_READY)
		fatal_throw("two wait for one direction of a connection");
	return false;
}

int side_wait(struct side *s, const void *on)
{
	struct asker a = { .waiter.g = g_get(), .side = s };
	int rc = side_error(s);

	if (rc)
		return rc;
	if (ask(s) && !side_error(s)) {
		if (a.waiter.g)
			sched_park(commit, &a, WAIT_IO, on);
		else
			sleep_foreign(&a);
		fiber_acquire(&a.waiter);
	}
	atomic_exchange(&s->word, SIDE_IDLE);
	return side_error(s);
}

void side_close(struct limit *l)
{
	struct waiter *w;

	lock_get(&l->lock);
	w = give_up(l->side, SIDE_CLOSED);
	timer_remove(&l->timer);
	l->armed = false;
	l->deadline_ns = 0;
	lock_put(&l->lock);
	wake(w);
}

/* Deadlines: lock held ----------------------------------------------------- */

static void arm(struct limit *l)
{
	if (l->armed && l->timer.when_ns <= l->deadline_ns)
		return;
	timer_remove(&l->timer);
	l->timer.when_ns = l->deadline_ns;
	l->armed = true;
	timer_add(&l->timer);
}

/* Who is to be woken: it has passed. */
static struct waiter *look_at_deadline(struct limit *l, int64_t now_ns)
{
	if (!l->deadline_ns || atomic_load(&l->side->flags) & SIDE_CLOSED)
		return NULL;
	if (l->deadline_ns <= now_ns)
		return give_up(l->side, SIDE_EXPIRED);
	arm(l);
	return NULL;
}

static void fire(struct timer *t, int64_t now_ns)
{
	struct limit *l = (struct limit *)t;
	struct waiter *w;

	lock_get(&l->lock);
	/* Another deadline may have put it in again. */
	timer_remove(t);
	l->armed = false;
	w = look_at_deadline(l, now_ns);
	lock_put(&l->lock);
	wake(w);
}

void side_deadline(struct limit *l, int64_t when_ns)
{
	struct waiter *w;

	lock_get(&l->lock);
	atomic_fetch_and(&l->side->flags, ~(uint32_t)SIDE_EXPIRED);
	l->deadline_ns = when_ns;
	w = look_at_deadline(l, clock_mono_ns());
	lock_put(&l->lock);
	wake(w);
}
