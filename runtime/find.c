/*
 * Finding the next goroutine, and sleeping when there is none.
 *
 * The order is Go's (runtime/proc.go, findRunnable): one turn in 61 the global
 * queue, then the P's own, the global queue, connections with news, half of
 * somebody else's, timers of others that are due.  At most half as many Ms look
 * around ("spin") as Ps are busy; whoever finds work while spinning wakes the
 * next one if there is more, so that wake-ups neither pile up nor get lost.
 *
 * The race that matters: one M queues work and sees somebody spinning, so it
 * wakes nobody; that M stops spinning and sees no work.  Both sides put a full
 * barrier between their store and their load, so one of them sees the other.
 *
 * Timers: the M that goes to sleep last with the earliest deadline sleeps no
 * longer than that.
 */
#include "lib/base/clock.h"
#include "runtime/env.h"
#include "runtime/fatal.h"
#include "runtime/malloc/cache.h"
#include "runtime/net/netpoll.h"
#include "runtime/procs.h"
#include "runtime/sched.h"
#include "runtime/sys.h"
#include "runtime/sysmon.h"
#include "runtime/timer.h"

enum {
	STEAL_ROUNDS = 4,
	GLOBAL_BATCH_MAX = RUNQ_SIZE / 2,
	/* How long a thief leaves a runnext alone: its P is about to run it,
	 * and taking it would throw a pair that talks to each other between
	 * two Ps. */
	NEXT_GRACE_NS = 3000,
	/* A thief's way there and back costs 20 us: some ms of talk. */
	HURRY = 1 << 16,
};

static uint32_t atomic_get(const _Atomic uint32_t *v)
{
	return atomic_load_explicit((_Atomic uint32_t *)v,
				    memory_order_relaxed);
}

/* Spinning ---------------------------------------------------------------- */

static void spin_begin(struct m *m)
{
	m->spinning = true;
	atomic_fetch_add(&sched.nspinning, 1);
}

static void spin_end(struct m *m)
{
	m->spinning = false;
	/* Sequentially consistent: before the last look at the queues. */
	atomic_fetch_sub(&sched.nspinning, 1);
}

/* Idle Ps and Ms: all under sched.lock ------------------------------------ */

void sched_pidle_put(struct p *pp)
{
	if (!procs_may_idle(pp))
		return;
	pp->m = NULL;
	atomic_store_explicit(&pp->state, P_IDLE, memory_order_relaxed);
	pp->link = sched.pidle;
	sched.pidle = pp;
	atomic_fetch_add(&sched.npidle, 1);
}

struct p *sched_pidle_get(void)
{
	struct p *pp = sched.pidle;

	if (!pp)
		return NULL;
	sched.pidle = pp->link;
	if (atomic_fetch_sub(&sched.npidle, 1) == (uint32_t)sched.gomaxprocs) {
		sched_set_now(clock_mono_ns());
		sysmon_busy();
	}
	return pp;
}

void sched_take_p(struct m *m, struct p *pp)
{
	pp->m = m;
	pp->link = NULL;
	atomic_store_explicit(&pp->state, P_RUNNING, memory_order_relaxed);
	m->p = pp;
	m->cache = pp->cache;
}

static void midle_put(struct m *m)
{
	m->link = sched.midle;
	sched.midle = m;
	atomic_fetch_add(&sched.nmidle, 1);
}

static void midle_remove(struct m *m)
{
	struct m **at = &sched.midle;

	while (*at != m)
		at = &(*at)->link;
	*at = m->link;
	atomic_fetch_sub(&sched.nmidle, 1);
}

/* M will not sleep till the deadline it claimed: another may. */
static void release_deadline(struct m *m)
{
	int64_t deadline = m->deadline_ns;

	m->deadline_ns = -1;
	if (deadline >= 0)
		atomic_compare_exchange_strong(&sched.timer_deadline,
					       &deadline, INT64_MAX);
}

/* Gives PP to an idle M, and returns it, to be woken; without one, asks for a
 * thread, which finds PP on the idle list, and returns NULL. */
static struct m *start_m(struct p *pp, bool spinning)
{
	struct m *m = sched.midle;

	if (m) {
		midle_remove(m);
		release_deadline(m);
		m->nextp = pp;
		m->spinning = spinning;
		return m;
	}
	sched_pidle_put(pp);
	if (spinning)
		atomic_fetch_sub(&sched.nspinning, 1);
	atomic_store(&sched.want_m, 1);
	sysmon_wake();
	return NULL;
}

static void wake(struct m *m)
{
	if (m)
		netpoll_wake_m(m);
}

/* Queued where an M that looks around finds it. */
static bool any_work(void)
{
	if (sched.runq.count)
		return true;
	for (int i = 0; i < sched.gomaxprocs; i++)
		if (!procs_is_closed(&sched.ps[i]) &&
		    !runq_is_empty(&sched.ps[i].runq))
			return true;
	return false;
}

bool sched_others_are_busy(void)
{
	return atomic_get(&sched.npidle) + 1 < (uint32_t)sched.gomaxprocs ||
	       any_work();
}

/* With an idle P, whether all who sleep would be late for a timer. */
static bool timer_is_unwatched(int64_t when_ns)
{
	return when_ns < atomic_load(&sched.timer_deadline) &&
	       when_ns < sysmon_next_ns();
}

void sched_handoff(struct p *pp)
{
	uint32_t none = 0;

	if (procs_is_surplus(pp)) {
		sched_pidle_put(pp);
		return;
	}
	pp->m = NULL;
	if (!runq_is_empty(&pp->runq) || sched.runq.count) {
		wake(start_m(pp, false));
		return;
	}
	sched_pidle_put(pp);
	/* From here on whoever queues work sees an idle P; what was queued
	 * before is seen here. */
	if ((any_work() || netpoll_is_unwatched() ||
	     timer_is_unwatched(timerheap_next_ns(&pp->timers))) &&
	    atomic_compare_exchange_strong(&sched.nspinning, &none, 1))
		wake(start_m(sched_pidle_get(), true));
}

void sched_wake_one(void)
{
	struct m *who = NULL;
	uint32_t none = 0;
	struct p *pp;

	if (atomic_get(&sched.nspinning) ||
	    !atomic_compare_exchange_strong(&sched.nspinning, &none, 1))
		return;
	lock_get(&sched.lock);
	pp = sched_pidle_get();
	if (pp)
		who = start_m(pp, true);
	else
		atomic_fetch_sub(&sched.nspinning, 1);
	lock_put(&sched.lock);
	/* The first that it wants is that lock. */
	wake(who);
}

void sched_wake_for(struct p *pp)
{
	if (!runq_length(&pp->runq)) {
		if (atomic_load_explicit(&pp->hasty, memory_order_relaxed)) {
			atomic_store_explicit(&pp->hasty, false,
					      memory_order_relaxed);
			pp->hurry = HURRY;
		}
		if (pp->hurry) {
			pp->hurry--;
			return;
		}
	}
	sched_wake_one();
}

void sched_timer_earlier(int64_t when_ns)
{
	if (atomic_load(&sched.npidle) && timer_is_unwatched(when_ns))
		sched_wake();
}

/* Looking ----------------------------------------------------------------- */

/* From the global queue: one to run, and a fair share to the P. */
static struct g *from_global(struct p *pp, uint32_t most)
{
	struct gchain share = { 0 };
	uint32_t n;
	struct g *gp;

	if (!sched.runq.count)
		return NULL;
	lock_get(&sched.lock);
	gp = sched.runq.head;
	n = sched.runq.count / (uint32_t)sched.gomaxprocs + 1;
	if (n > most)
		n = most;
	if (n > sched.runq.count)
		n = sched.runq.count;
	if (gp) {
		struct g *last = gp;

		for (uint32_t i = 1; i < n; i++)
			last = last->link;
		sched.runq.head = last->link;
		if (!sched.runq.head)
			sched.runq.tail = NULL;
		sched.runq.count -= n;
		if (last != gp)
			share = (struct gchain){ gp->link, last, n - 1 };
		last->link = NULL;
	}
	lock_put(&sched.lock);
	if (share.head) {
		runq_put_chain(&pp->runq, &share);
		sched_put_global(&share);
	}
	return gp;
}

/* What PP may take of FROM. */
typedef struct g *steal_fn(struct p *pp, struct p *from, uint32_t *count);

static struct g *from_ring(struct p *pp, struct p *from, uint32_t *count)
{
	return runq_steal(&pp->runq, &from->runq, NEXT_STAYS, count);
}

static struct g *from_all(struct p *pp, struct p *from, uint32_t *count)
{
	return runq_steal(&pp->runq, &from->runq, NEXT_TOO, count);
}

/* Runnext too, if nobody was run there in the time of grace. */
static struct g *from_slow(struct p *pp, struct p *from, uint32_t *count)
{
	const struct m *m = from->m;
	uint64_t switches = m ? m->switches : 0;

	if (runq_is_empty(&from->runq))
		return NULL;
	sys_nanosleep(NEXT_GRACE_NS);
	if (m && from->m == m && m->switches == switches)
		return from_all(pp, from, count);
	atomic_store_explicit(&from->hasty, true, memory_order_relaxed);
	return from_ring(pp, from, count);
}

/* One look at every other P, from a random one on. */
static struct g *steal_once(struct p *pp, steal_fn *take)
{
	uint32_t n = (uint32_t)sched.gomaxprocs;
	uint32_t count = 0;
	struct g *gp = NULL;
	uint32_t at;

	pp->rand = pp->rand * 1664525 + 1013904223;
	at = pp->rand >> 8;
	for (uint32_t i = 0; i < n && !gp; i++) {
		struct p *from = &sched.ps[(at + i) % n];

		if (from != pp && !runq_is_alone(&from->runq))
			gp = take(pp, from, &count);
	}
	if (gp)
		p_count(&pp->steals, count);
	return gp;
}

static struct g *steal(struct p *pp)
{
	struct g *gp = NULL;

	for (int round = 1; round < STEAL_ROUNDS && !gp; round++)
		gp = steal_once(pp, from_ring);
	return gp ? gp : steal_once(pp, from_slow);
}

static struct g *from_own(struct p *pp)
{
	bool inherit = false;
	struct g *gp = NULL;

	if (sched_is_global_turn(pp))
		gp = from_global(pp, 1);
	/* For tests: goroutines shall change their P all the time. */
	if (!gp && env.steal_always &&
	    runq_length(&pp->runq) <= RUNQ_SIZE / 2)
		gp = steal_once(pp, from_all);
	if (!gp)
		gp = runq_get(&pp->runq, &inherit);
	if (gp && !inherit)
		p_tick(pp);
	return gp;
}

static struct g *from_others(struct m *m, struct p *pp)
{
	uint32_t busy = (uint32_t)sched.gomaxprocs - atomic_get(&sched.npidle);
	struct g *gp = from_global(pp, GLOBAL_BATCH_MAX);
	bool inherit;

	if (!gp)
		gp = netpoll_find(pp);
	if (!gp && sched.gomaxprocs > 1 &&
	    (m->spinning || 2 * atomic_get(&sched.nspinning) < busy)) {
		if (!m->spinning)
			spin_begin(m);
		gp = steal(pp);
		if (!gp && timer_steal(pp))
			gp = runq_get(&pp->runq, &inherit);
	}
	if (gp)
		p_tick(pp);
	return gp;
}

/* Work was found: another may look for more, if there is any.  Who queued some
 * and counted on this M to find it is seen by now; timers are sysmon's to
 * watch. */
static void found(struct m *m)
{
	if (!m->spinning)
		return;
	spin_end(m);
	if (any_work() || netpoll_is_unwatched())
		sched_wake();
}

/* Sleeping ---------------------------------------------------------------- */

/* The M has lost its last reason to sleep for ever: another deadline is
 * nearer than anybody's who sleeps. */
static int64_t claim_deadline(void)
{
	int64_t next = timer_next_ns();

	if (next >= atomic_load(&sched.timer_deadline))
		return -1;
	atomic_store(&sched.timer_deadline, next);
	return next;
}

/* M is on the idle list; sleeps until it is handed a P or its deadline is
 * reached. */
static void sleep_idle(struct m *m, int64_t deadline)
{
	bool woken;

	m->blocked = true;
	woken = netpoll_sleep(m, deadline);
	m->blocked = false;
	lock_get(&sched.lock);
	release_deadline(m);
	if (m->nextp && !woken) {
		/* Chosen at the last moment: clears the note, which is set, or
		 * is about to be. */
		lock_put(&sched.lock);
		note_wait(&m->note, -1);
		lock_get(&sched.lock);
	}
	if (m->nextp) {
		sched_take_p(m, m->nextp);
		m->nextp = NULL;
	} else {
		midle_remove(m);
	}
	lock_put(&sched.lock);
}

/* The M has no P. */
static void get_p_or_sleep(struct m *m)
{
	int64_t deadline = -1;

	lock_get(&sched.lock);
	if (sched.pidle &&
	    (any_work() || timer_next_ns() <= clock_mono_ns())) {
		sched_take_p(m, sched_pidle_get());
		if (!m->spinning)
			spin_begin(m);
		lock_put(&sched.lock);
		return;
	}
	if (sched.pidle)
		deadline = claim_deadline();
	m->deadline_ns = deadline;
	midle_put(m);
	sched_check_dead();
	lock_put(&sched.lock);
	/* What it kept at hand for C: Ms may be many. */
	if (cache_thread->random)
		cache_flush(cache_thread);
	sleep_idle(m, deadline);
}

/* The M found nothing, or has a P too many: its P to the idle list, unless
 * work for it came meanwhile. */
static void drop_p(struct m *m)
{
	struct p *pp = m->p;

	lock_get(&sched.lock);
	if (sched.runq.count && !procs_is_surplus(pp)) {
		lock_put(&sched.lock);
		return;
	}
	m->p = NULL;
	sched_pidle_put(pp);
	lock_put(&sched.lock);
	/* From here on whoever queues work sees an idle P; what was queued
	 * before is seen by any_work() in get_p_or_sleep(). */
	if (m->spinning)
		spin_end(m);
}

/* pgo_run() is over. */
static void stop_here(struct m *m)
{
	struct note never = { 0 };

	if (m->spinning)
		spin_end(m);
	if (m == sched.m0)
		return;
	for (;;)
		note_wait(&never, -1);
}

/* Whoever shares the slice of time of who ran last: to the end of the queue of
 * all, or a pair that wakes each other would have the P for ever. */
static void put_next_last(struct p *pp)
{
	struct g *gp = runq_get_next(&pp->runq);

	if (gp)
		sched_put_global_one(gp);
}

/* False: the program is over, and M is M0. */
static __attribute__((noinline)) bool pass_gate(struct m *m)
{
	if (atomic_get(&sched.stopping)) {
		stop_here(m);
		return false;
	}
	if (m->p && procs_is_surplus(m->p)) {
		drop_p(m);
	} else if (m->p) {
		procs_share(m->p);
		if (procs_slice_is_over(m->p))
			put_next_last(m->p);
	}
	return true;
}

struct g *sched_find(struct m *m)
{
	struct g *gp;

	for (;;) {
		if (atomic_get(&sched.gate) && !pass_gate(m))
			return NULL;
		if (!m->p) {
			get_p_or_sleep(m);
			continue;
		}
		if (timer_is_due(m->p))
			timer_look(m->p);
		gp = from_own(m->p);
		if (!gp)
			gp = from_others(m, m->p);
		if (gp) {
			found(m);
			return gp;
		}
		drop_p(m);
	}
}
