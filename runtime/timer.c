/*
 * Who looks at a P's timers, and when.
 *
 * Its own M, whenever it schedules: nobody else needs to be told of a timer as
 * long as it does.  Ms that look for work, when they find none on the run
 * queues: they fire what another P is late with.  The M that goes to sleep with
 * the earliest deadline, of all Ps', sleeps no longer than that.  And sysmon,
 * for Ps that do not come to schedule: it wakes an idle M for a timer that
 * would be late, or has who runs there yield.  Where all that is no help, for
 * every P is busy and one does not yield, its timers go to another.
 *
 * Whoever adds a timer earlier than its heap's first wakes an M only if none of
 * them would look in time (sched_timer_earlier()).  Both sides of that race
 * have a barrier: the adder stores next_ns, then loads who sleeps until when;
 * who goes to sleep is counted idle first and looks at next_ns after.
 *
 * A look costs nothing but a load while nothing can be due: the clock of the
 * last tick, a fifth of the price, tells that for all that is farther away than
 * a tick.
 *
 * Not chosen: Go's timers that are stopped where they are and swept out later.
 * They make a stop cheap, but memory that is given back must be out of the
 * heap; and netpoll's deadlines, which move with each request, stay where they
 * are anyhow (net/side.c).
 */
#include "runtime/timer.h"

#include "lib/base/clock.h"
#include "runtime/sched.h"

enum {
	BATCH = 64,             /* taken under one lock */
	CROWDED = 64,           /* so many queued: due timers come singly */
	TICK_MAX_NS = 10000000, /* between ticks of the coarse clock */
};

int64_t timer_next_ns(void)
{
	int64_t least = INT64_MAX;

	for (int i = 0; i < sched.gomaxprocs; i++) {
		int64_t next = timerheap_next_ns(&sched.ps[i].timers);

		if (next < least)
			least = next;
	}
	return least;
}

int64_t timer_in(int64_t ns)
{
	int64_t now = clock_mono_ns();

	if (ns < 0)
		ns = 0;
	return ns >= INT64_MAX - now ? INT64_MAX - 1 : now + ns;
}

/* In and out --------------------------------------------------------------- */

/* The P whose heap takes what the caller adds. */
static struct p *at_hand(void)
{
	struct p *pp = p_get();

	return pp ? pp : &sched.ps[0];
}

void timer_add(struct timer *t)
{
	struct p *pp = at_hand();
	struct timerheap *h = &pp->timers;
	bool first;

	lock_get(&h->lock);
	first = timerheap_put(h, (struct timerslot){ t->when_ns,
						     (uintptr_t)t });
	lock_put(&h->lock);
	if (first)
		sched_timer_earlier(t->when_ns);
}

void timer_sleep(struct g *gp, int64_t when_ns)
{
	struct p *pp = at_hand();
	struct timerheap *h = &pp->timers;
	struct timerslot s = { when_ns, (uintptr_t)gp | TIMERSLOT_SLEEPS };
	bool first;

	lock_get(&h->lock);
	first = timerheap_put(h, s);
	lock_put(&h->lock);
	/* With nothing else to do this M is about to go idle itself. */
	if (first && (pp != p_get() || sched.runq.count ||
		      !runq_is_empty(&pp->runq)))
		sched_timer_earlier(when_ns);
}

/* Locked, or NULL when T was never in one. */
static struct timerheap *lock_home(struct timer *t)
{
	for (;;) {
		struct timerheap *h = atomic_load(&t->home);

		if (!h)
			return NULL;
		lock_get(&h->lock);
		if (h == atomic_load(&t->home))
			return h;
		lock_put(&h->lock);
	}
}

bool timer_remove(struct timer *t)
{
	struct timerheap *h = lock_home(t);
	bool was_in;

	if (!h)
		return false;
	was_in = t->index != 0;
	if (was_in)
		timerheap_remove(h, t);
	lock_put(&h->lock);
	return was_in;
}

/* Firing ------------------------------------------------------------------- */

/* Who sleeps there; NULL: it is a timer's. */
static struct g *sleeper_of(uintptr_t who)
{
	return who & TIMERSLOT_SLEEPS ? (struct g *)(who & ~TIMERSLOT_SLEEPS) :
					NULL;
}

/* Those due, MOST at most, out of the heap.  Returns how many. */
static uint32_t take_due(struct timerheap *h, int64_t now_ns,
			 struct timerslot *due, uint32_t most)
{
	uint32_t n = 0;

	lock_get(&h->lock);
	while (n < most && timerheap_take(h, now_ns, &due[n])) {
		uintptr_t who = due[n++].who;
		struct g *gp = sleeper_of(who);

		if (gp)
			__builtin_prefetch(gp);
		else if (((struct timer *)who)->flights)
			atomic_fetch_add(((struct timer *)who)->flights, 1);
	}
	lock_put(&h->lock);
	return n;
}

/* Returns how many there were. */
static uint32_t fire(struct timerheap *h, int64_t now_ns, uint32_t most)
{
	struct timerslot due[BATCH];
	uint32_t n = take_due(h, now_ns, due, most);
	struct gchain woken = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		uintptr_t who = due[i].who;
		struct g *gp = sleeper_of(who);

		if (gp)
			gchain_add(&woken, gp);
		else
			((struct timer *)who)->fire((void *)who, now_ns);
	}
	/* One that wakes alone comes before what is queued. */
	if (woken.count == 1 && timerheap_next_ns(h) > now_ns)
		sched_ready(woken.head);
	else if (woken.count)
		sched_ready_all(&woken);
	return n;
}

bool timer_may_be_due(struct p *pp)
{
	struct timerheap *h = &pp->timers;
	int64_t next = timerheap_next_ns(h);

	if (next <= h->now_ns)
		return true;
	if (next - TICK_MAX_NS > clock_coarse_ns())
		return false;
	h->now_ns = clock_mono_ns();
	return next <= h->now_ns;
}

void timer_look(struct p *pp)
{
	fire(&pp->timers, pp->timers.now_ns,
	     runq_length(&pp->runq) < CROWDED ? BATCH : 1);
}

bool timer_steal(struct p *pp)
{
	int64_t now = 0;
	uint32_t n = 0;

	for (int i = 0; i < sched.gomaxprocs; i++) {
		struct timerheap *h = &sched.ps[i].timers;

		if (h == &pp->timers || timerheap_next_ns(h) == INT64_MAX)
			continue;
		if (!now)
			now = clock_mono_ns();
		if (timerheap_next_ns(h) <= now)
			n += fire(h, now, BATCH);
	}
	return n;
}

/* To another P ------------------------------------------------------------- */

/* The lower address first. */
static void lock_both(struct timerheap *a, struct timerheap *b)
{
	lock_get(a < b ? &a->lock : &b->lock);
	lock_get(a < b ? &b->lock : &a->lock);
}

void timer_move(struct p *from, struct p *to, int64_t last_ns)
{
	struct timerheap *a = &from->timers;
	struct timerheap *b = &to->timers;
	int64_t next;

	lock_both(a, b);
	timerheap_move(a, b, last_ns);
	next = timerheap_next_ns(b);
	lock_put(&a->lock);
	lock_put(&b->lock);
	sched_timer_earlier(next);
}
