/*
 * How many Ps there are.
 *
 * They lie in one array of which only the first gomaxprocs are in use, so that
 * none ever moves and readers need no more than that number.  More of them are
 * idle at once.  With fewer the world is not stopped: idle ones go at once, and
 * those in use when their M is between two goroutines.  To be there soon,
 * Ps are taken from calls into C and who runs is asked to yield.  What a P had,
 * queue, timers, dead goroutines, free objects, goes to others when nobody has
 * the P any more, by who asked for fewer and waits for it, or by sysmon.
 *
 *   P_IDLE, P_RUNNING  as always, surplus or not
 *   P_GOING            on procs.going, or being emptied
 *   P_DEAD             nobody's, has nothing; its number may come back
 *
 * The queue of an only P is its owner's alone, without atomics.  When there are
 * more they leave it alone until its owner, between two goroutines, opens it.
 *
 * Not chosen: to stop all goroutines as Go does.  Then the slowest to stop
 * holds up the others, and those on Ps that stay have no reason to stop.
 */
#include "runtime/procs.h"

#include <errno.h>
#include <limits.h>

#include <pgo/go.h>
#include <pgo/sys.h>

#include "runtime/env.h"
#include "runtime/forked.h"
#include "runtime/gfree.h"
#include "runtime/malloc/cache.h"
#include "runtime/quota.h"
#include "runtime/sys.h"
#include "runtime/sysmon.h"
#include "runtime/timer.h"
#include "runtime/timerheap.h"

enum { LOOK_NS = 1000000000 };  /* between two at what the machine grants */

static struct {
	struct p *going;        /* sched.lock: nobody's, to be emptied */
	_Atomic int32_t made;   /* sched.lock; read without: so many were
				 * ever in use */
	int32_t asked;          /* sched.lock: by the program, before there
				 * were any; 0: it did not */
	bool fixed;             /* sched.lock: somebody has said how many */
	uint32_t waiters;       /* sched.lock: who asked for fewer, and wait */
	_Atomic uint32_t turns; /* +1 when they are to look again; a futex */
	int64_t look_ns;        /* sysmon: the next look at the quota */
} procs;

/* Making ------------------------------------------------------------------- */

static void make(int32_t id)
{
	struct p *pp = &sched.ps[id];

	pp->id = id;
	pp->rand = (env.seed * MAX_PROCS + (uint32_t)id) * 2654435761u + 1;
	pp->cache = &cache_none;
	timerheap_init(&pp->timers);
	atomic_store_explicit(&pp->state, P_DEAD, memory_order_relaxed);
}

/* sched.lock held: N of them, not fewer than there are.  One that is being
 * emptied comes back when that is done. */
static void add(int32_t n)
{
	int32_t old = sched.gomaxprocs;

	/* First: others look at all that are in use. */
	for (; procs.made < n; procs.made++)
		make(procs.made);
	sched.gomaxprocs = n;
	for (int32_t i = n - 1; i >= old; i--)
		if (atomic_load(&sched.ps[i].state) == P_DEAD)
			sched_pidle_put(&sched.ps[i]);
	if (atomic_load(&sched.ps[0].state) == P_IDLE)
		procs_may_idle(&sched.ps[0]);
}

int procs_setup(void)
{
	struct p *ps = sys_map(MAX_PROCS * sizeof(*ps));

	if (!ps)
		return -ENOMEM;
	lock_get(&sched.lock);
	procs.fixed = procs.asked || env.gomaxprocs_set;
	sched.ps = ps;
	add(procs.asked ? procs.asked : env.gomaxprocs);
	sched.ps[0].runq.alone = sched.gomaxprocs == 1;
	lock_put(&sched.lock);
	return 0;
}

int32_t procs_ever(void)
{
	return procs.made;
}

/* Changing ----------------------------------------------------------------- */

static void tell_waiters(void)
{
	atomic_fetch_add(&procs.turns, 1);
	futex_wake(&procs.turns, INT_MAX);
}

/* sched.lock held: PP is to be emptied. */
static void leave(struct p *pp)
{
	pp->m = NULL;
	atomic_store_explicit(&pp->state, P_GOING, memory_order_relaxed);
	pp->link = procs.going;
	procs.going = pp;
	if (procs.waiters)
		tell_waiters();
	else
		sysmon_wake();
}

bool procs_may_idle(struct p *pp)
{
	if (procs_is_surplus(pp)) {
		leave(pp);
		return false;
	}
	if (procs_is_closed(pp))
		runq_share(&pp->runq);
	return true;
}

void procs_share(struct p *pp)
{
	if (!procs_is_closed(pp))
		return;
	runq_share(&pp->runq);
	/* Who looked for work did not see what is queued here. */
	sched_wake();
	sysmon_wake();
}

/* sched.lock held: whether all Ps are what they are to be. */
static bool is_settled(void)
{
	if (procs.going || procs_is_closed(&sched.ps[0]))
		return false;
	for (int32_t i = sched.gomaxprocs; i < procs.made; i++)
		if (atomic_load(&sched.ps[i].state) != P_DEAD)
			return false;
	return true;
}

/* sched.lock held: N of them, fewer than there are. */
static void take_away(int32_t n)
{
	struct p **at = &sched.pidle;

	sched.gomaxprocs = n;
	while (*at) {
		struct p *pp = *at;

		if (!procs_is_surplus(pp)) {
			at = &pp->link;
			continue;
		}
		*at = pp->link;
		atomic_fetch_sub(&sched.npidle, 1);
		leave(pp);
	}
}

/* sched.lock held. */
static void set(int32_t n)
{
	if (n > sched.gomaxprocs)
		add(n);
	else
		take_away(n);
	if (!is_settled())
		atomic_fetch_or(&sched.gate, GATE_PROCS);
	/* It may have gone to sleep while the two counts did not fit. */
	sysmon_wake();
}

/* Nobody has PP. */
static void empty(struct p *pp)
{
	struct gchain queued = { 0 };

	procs_slice_is_over(pp);
	runq_take_all(&pp->runq, &queued);
	sched_put_global(&queued);
	timer_move(pp, &sched.ps[0], INT64_MAX);
	gfree_hand_on(pp);
	if (pp->cache != &cache_none)
		cache_free(pp->cache);
	pp->cache = &cache_none;
}

/* PP is empty. */
static void end(struct p *pp)
{
	lock_get(&sched.lock);
	atomic_store_explicit(&pp->state, P_DEAD, memory_order_relaxed);
	/* Somebody may have asked for more meanwhile. */
	if (!procs_is_surplus(pp))
		sched_pidle_put(pp);
	lock_put(&sched.lock);
}

/* Returns whether there are more to come. */
static bool let_go(void)
{
	struct p *going, *next;
	bool over;

	if (!(atomic_load(&sched.gate) & GATE_PROCS))
		return false;
	lock_get(&sched.lock);
	going = procs.going;
	procs.going = NULL;
	lock_put(&sched.lock);
	for (; going; going = next) {
		next = going->link;
		empty(going);
		end(going);
		sched_wake();
	}
	lock_get(&sched.lock);
	over = is_settled();
	if (over) {
		atomic_fetch_and(&sched.gate, ~(uint32_t)GATE_PROCS);
		sched.ps[0].runq.alone = sched.gomaxprocs == 1;
	}
	lock_put(&sched.lock);
	/* At the end of pgo_run() nobody gives up a P any more. */
	if (over || atomic_load(&sched.stopping))
		tell_waiters();
	return !over;
}

/* The rules are Go's, from 1.25 on: what the machine grants counts unless
 * somebody has said how many. */
static void look(void)
{
	int32_t n = quota_cpus(env.containermaxprocs);

	if (n > MAX_PROCS)
		n = MAX_PROCS;
	lock_get(&sched.lock);
	if (!procs.fixed && n != sched.gomaxprocs)
		set(n);
	lock_put(&sched.lock);
	sched_wake();
}

bool procs_turn(int64_t now_ns)
{
	if (now_ns >= procs.look_ns) {
		/* Not at the first turn: that was at the start. */
		if (procs.look_ns && env.updatemaxprocs && !procs.fixed)
			look();
		procs.look_ns = now_ns + LOOK_NS;
	}
	return let_go();
}

/* The program's wish ------------------------------------------------------- */

static void wait_gone(void)
{
	sysmon_ask_surplus();
	for (;;) {
		uint32_t seen = atomic_load(&procs.turns);

		if (!let_go() || atomic_load(&sched.stopping))
			break;
		futex_wait(&procs.turns, seen, -1);
	}
	lock_get(&sched.lock);
	procs.waiters--;
	lock_put(&sched.lock);
}

/* On the thread's stack, where the P may be taken as from any call into C. */
static void *ask(intptr_t n)
{
	intptr_t old;
	bool fewer;

	if (n > MAX_PROCS)
		n = MAX_PROCS;
	lock_get(&sched.lock);
	old = sched.ps ? sched.gomaxprocs : procs.asked;
	procs.fixed = true;
	if (!sched.ps)
		procs.asked = (int32_t)n;
	else if (n != old)
		set((int32_t)n);
	fewer = sched.ps && n < old;
	procs.waiters += fewer;
	lock_put(&sched.lock);
	if (fewer)
		wait_gone();
	else if (sched.ps)
		sched_wake();
	return (void *)old;
}

int pgo_gomaxprocs(int n)
{
	if (n <= 0)
		return sched.ps ? sched.gomaxprocs : procs.asked;
	forked_check();
	return (int)(intptr_t)pgo_sys(ask, (intptr_t)n);
}

/* Slices of time ----------------------------------------------------------- */

void procs_end_slice(struct p *pp)
{
	if (!atomic_exchange(&pp->slice_over, 1))
		atomic_fetch_add(&sched.gate, GATE_SLICE);
}

bool procs_slice_is_over(struct p *pp)
{
	if (!atomic_load_explicit(&pp->slice_over, memory_order_relaxed) ||
	    !atomic_exchange(&pp->slice_over, 0))
		return false;
	atomic_fetch_sub(&sched.gate, GATE_SLICE);
	return true;
}

void procs_forget_slices(void)
{
	if (atomic_load(&sched.gate) < GATE_SLICE)
		return;
	/* One may have gone when sysmon said so. */
	for (int32_t i = 0; i < procs.made; i++)
		procs_slice_is_over(&sched.ps[i]);
}
