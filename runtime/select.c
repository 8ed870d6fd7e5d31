/*
 * Select: one waiter on each channel, and the first to be taken wins.
 *
 * All channels' locks are held, in order of address, while it looks for a case
 * that can go on and while it puts its waiters on the lists.  They are dropped
 * from the last to the first: a goroutine that was woken in between takes them
 * from the first on, so it stays behind the commit function, which reads from
 * its stack, until that is done.
 *
 * Source: Go's src/runtime/select.go for the semantics.  Not its two shuffled
 * orders: one pass that keeps the k-th ready case with a chance of 1 in k is
 * as even, and needs no memory.
 */
#include <pgo/select.h>

#include <errno.h>
#include <string.h>

#include "runtime/chan.h"
#include "runtime/dice.h"
#include "runtime/fatal.h"
#include "runtime/slab.h"

/* Selects with so many cases need no memory but the goroutine's stack. */
enum { FEW = 2 };

struct select {
	struct pgo_case *cases;
	struct waiter *waiters;         /* of each case */
	uint16_t *order;                /* cases with a channel, by address */
	int n;
	int live;                       /* in order */
	struct race race;
	struct note bell;               /* of a foreign thread */
};

static struct pgo_chan *chan_at(const struct select *s, int i)
{
	return s->cases[s->order[i]].chan;
}

/* By address: a heap sort, for it needs neither stack nor luck ------------- */

static void sift(struct select *s, int at, int n)
{
	uint16_t moving = s->order[at];

	for (;;) {
		int child = 2 * at + 1;

		if (child >= n)
			break;
		if (child + 1 < n && chan_at(s, child) < chan_at(s, child + 1))
			child++;
		if (chan_at(s, child) <= s->cases[moving].chan)
			break;
		s->order[at] = s->order[child];
		at = child;
	}
	s->order[at] = moving;
}

static void sort(struct select *s)
{
	for (int i = s->live / 2 - 1; i >= 0; i--)
		sift(s, i, s->live);
	for (int n = s->live - 1; n > 0; n--) {
		uint16_t greatest = s->order[0];

		s->order[0] = s->order[n];
		s->order[n] = greatest;
		sift(s, 0, n);
	}
}

/* Locks -------------------------------------------------------------------- */

static void lock_all(const struct select *s)
{
	for (int i = 0; i < s->live; i++)
		if (!i || chan_at(s, i) != chan_at(s, i - 1))
			lock_get(&chan_at(s, i)->lock);
}

/* Reads nothing of S once the last lock is dropped: see above. */
static void unlock_all(const struct select *s)
{
	for (int i = s->live - 1; i >= 0; i--) {
		struct pgo_chan *c = chan_at(s, i);

		if (i && c == chan_at(s, i - 1))
			continue;
		lock_put(&c->lock);
	}
}

static bool unlock_commit(struct g *gp, void *arg)
{
	(void)gp;
	unlock_all(arg);
	return true;
}

/* Choosing ----------------------------------------------------------------- */

static bool is_ready(const struct pgo_case *one)
{
	return one->dir == PGO_SEND ? chan_can_send(one->chan) :
				      chan_can_receive(one->chan);
}

/* A case that can go on, each with the same chance; -1: none. */
static int pick(const struct select *s)
{
	uint32_t ready = 0;
	int chosen = -1;

	for (int i = 0; i < s->live; i++)
		if (is_ready(&s->cases[s->order[i]]) && !dice(++ready))
			chosen = s->order[i];
	return chosen;
}

static int do_case(struct pgo_case *one, struct waiter **wake)
{
	int rc = one->dir == PGO_SEND ?
			 chan_send_now(one->chan, one->elem, wake) :
			 chan_receive_now(one->chan, one->elem, wake);

	one->ok = rc == 0;
	return rc;
}

/* Does what can be done now and returns its index, locks dropped; -1 with the
 * locks held. */
static int choose(struct select *s)
{
	struct waiter *wake;
	int i, rc;

	/* A partner that is in another select may be lost in between. */
	do {
		i = pick(s);
		if (i < 0)
			return i;
		rc = do_case(&s->cases[i], &wake);
	} while (rc == -EAGAIN);
	unlock_all(s);
	if (rc == -EPIPE && s->cases[i].dir == PGO_SEND)
		fatal_panic("send on closed channel");
	if (wake)
		waiter_wake(wake);
	return i;
}

/* Waiting ------------------------------------------------------------------ */

static struct waitq *queue_of(const struct pgo_case *one)
{
	return one->dir == PGO_SEND ? &one->chan->senders :
				      &one->chan->receivers;
}

static void put_waiters(struct select *s)
{
	struct g *gp = g_get();

	for (int i = 0; i < s->live; i++) {
		struct pgo_case *one = &s->cases[s->order[i]];
		struct waiter *w = &s->waiters[s->order[i]];

		*w = (struct waiter){
			.g = gp, .elem = one->elem, .race = &s->race,
			.bell = &s->bell,
		};
		fiber_release(w);
		waitq_put(queue_of(one), w);
	}
}

static void take_waiters_back(struct select *s)
{
	for (int i = 0; i < s->live; i++)
		if (&s->waiters[s->order[i]] != s->race.winner)
			waitq_remove(queue_of(&s->cases[s->order[i]]),
				     &s->waiters[s->order[i]]);
}

static void sleep_until_won(struct select *s)
{
	enum wait_reason why = s->n ? WAIT_SELECT : WAIT_SELECT_NONE;

	if (g_get()) {
		sched_park(unlock_commit, s, why, NULL);
	} else {
		foreign_begin_sleep();
		unlock_all(s);
		foreign_sleep(&s->bell);
	}
}

/* Locks held; dropped when it returns. */
static int wait(struct select *s)
{
	struct pgo_case *one;
	struct waiter *w;

	put_waiters(s);
	do {
		sleep_until_won(s);
		/* With no channel at all, nobody may wake it. */
	} while (!s->live);
	lock_all(s);
	take_waiters_back(s);
	unlock_all(s);
	w = s->race.winner;
	fiber_acquire(w);
	one = &s->cases[w - s->waiters];
	one->ok = w->ok;
	if (!w->ok && one->dir == PGO_SEND)
		fatal_panic("send on closed channel");
	return (int)(one - s->cases);
}

/* ------------------------------------------------------------------------- */

static bool list_channels(struct select *s)
{
	for (int i = 0; i < s->n; i++) {
		if (s->cases[i].dir != PGO_SEND && s->cases[i].dir != PGO_RECV)
			return false;
		if (s->cases[i].chan)
			s->order[s->live++] = (uint16_t)i;
	}
	sort(s);
	return true;
}

static int run(struct select *s, int flags)
{
	int i;

	if (!list_channels(s))
		return -EINVAL;
	lock_all(s);
	i = choose(s);
	if (i >= 0)
		return i;
	if (!(flags & PGO_NONBLOCK))
		return wait(s);
	unlock_all(s);
	return -1;
}

/* More cases than fit a goroutine's stack.  Not inlined, nor is the other: a
 * frame for the many must not lie below the few. */
__attribute__((noinline)) static int run_many(struct pgo_case *cases, int n,
					      int flags)
{
	struct select s = { .cases = cases, .n = n };
	size_t waiters_bytes = (size_t)n * sizeof(*s.waiters);
	size_t bytes = waiters_bytes + (size_t)n * sizeof(*s.order);
	int rc;

	s.waiters = slab_new(bytes);
	if (!s.waiters)
		return -ENOMEM;
	s.order = (uint16_t *)((char *)s.waiters + waiters_bytes);
	rc = run(&s, flags);
	slab_free(s.waiters, bytes);
	return rc;
}

__attribute__((noinline)) static int run_few(struct pgo_case *cases, int n,
					     int flags)
{
	struct waiter waiters[FEW];
	uint16_t order[FEW];
	struct select s = {
		.cases = cases, .n = n, .waiters = waiters, .order = order,
	};

	return run(&s, flags);
}

int pgo_select(struct pgo_case *cases, int n, int flags)
{
	if (n < 0 || n > PGO_SELECT_MAX || (flags & ~PGO_NONBLOCK))
		return -EINVAL;
	sched_point();
	return n <= FEW ? run_few(cases, n, flags) :
			  run_many(cases, n, flags);
}
