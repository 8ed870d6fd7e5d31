/*
 * The watching thread.
 *
 * It looks more often while there is something to do: every 20 us at first,
 * every 10 ms after a while, not at all when every P is idle.  The rules for
 * taking Ps and asking for a yield are Go's (runtime/proc.go, retake).
 */
#include "runtime/sysmon.h"

#include <pthread.h>

#include "lib/base/clock.h"
#include "lib/base/thread.h"
#include "runtime/arena.h"
#include "runtime/env.h"
#include "runtime/fatal.h"
#include "runtime/malloc/trim.h"
#include "runtime/net/netpoll.h"
#include "runtime/preempt.h"
#include "runtime/procs.h"
#include "runtime/sched.h"
#include "runtime/schedtrace.h"
#include "runtime/sys.h"
#include "runtime/timer.h"
#include "runtime/times.h"

enum {
	TURN_MIN_NS = 20000,
	TURN_MAX_NS = 10000000,
	QUIET_TURNS = 50,               /* then turns get longer */
	IDLE_TURNS = 100,               /* then it sleeps until one runs */
	SLICE_NS = 10000000,            /* of a goroutine, as in Go */
	PATIENCE_NS = 100000,           /* with one that was asked to yield */
	SENDS_AT_ONCE = 3,              /* a patience apart, then one a turn */
	EPOCH_NS = 1000000000,          /* of stack shrinking */
	TIMER_LATE_NS = 1000000,
	TIMER_STUCK_NS = 2 * SLICE_NS,  /* its P does not yield when asked */
	REFUSED_NS = 1000000000,        /* without a thread that is wanted */
	RECHECK_NS = 1000000000,        /* of a deadlock others could end */
	STACK_BYTES = 256 << 10,
	TRIM_BATCH = 1000,              /* a turn, at 1 to 6 us each */
	TRIM_RESTLESS = 1000,           /* an epoch */
};

static struct {
	struct note note;
	_Atomic uint32_t asleep;        /* in the long sleep */
	int64_t epoch_ns;               /* sysmon: when the next one begins */
	int64_t refused_ns;             /* sysmon: no thread since; 0 */
	struct g *trim;                 /* sysmon: to be looked at */
	uint32_t restless;              /* sysmon: so many in this epoch */
	uint32_t turns;                 /* sysmon: a look at one in so many */
	bool soon;                      /* sysmon: to see who answered */
	_Atomic int64_t next_ns;        /* sysmon: when its next turn is */
} monitor;

void sysmon_wake(void)
{
	note_wake(&monitor.note);
}

void sysmon_busy(void)
{
	if (atomic_load(&monitor.asleep))
		note_wake(&monitor.note);
}

static bool queued_for(struct m *m)
{
	struct p *pp = m->p;

	return sched.runq.count || (pp && !runq_is_empty(&pp->runq));
}

/* The Ms that are in C ---------------------------------------------------- */

/* Since the last turn nothing has come or gone: it is one long call. */
static bool stays_in_c(struct m *m)
{
	return m->p && m_is_in_c(m) && m->calls == m->seen_calls &&
	       m->switches == m->seen_switches;
}

/* When others could use the P, or nobody is there who would notice. */
static bool p_is_wanted(struct m *m, int64_t now_ns)
{
	return queued_for(m) ||
	       !(atomic_load(&sched.npidle) + atomic_load(&sched.nspinning)) ||
	       now_ns - m->seen_ns >= SLICE_NS;
}

/* The goroutines that run ------------------------------------------------- */

/* Asks the goroutine on M to yield: at its next prologue by the poisoned
 * limit, at its next way out of C by attn. */
static void ask(struct m *m, struct g *gp)
{
	atomic_store_explicit(&gp->preempt, 1, memory_order_relaxed);
	m->attn = 1;
	lock_get(&m->tcb_lock);
	if (m->csp && m->tcb)
		*(volatile uint64_t *)(m->tcb + TCB_LIMIT) = LIMIT_POISON;
	lock_put(&m->tcb_lock);
}

/* As ask(); one that calls nothing does not answer, and is then taken off its
 * thread. */
static void preempt(struct m *m, struct g *gp, int64_t now_ns)
{
	bool asked = atomic_load_explicit(&gp->preempt, memory_order_relaxed);

	ask(m, gp);
	if (asked && !m->csp)
		return;
	if (!asked) {
		m->asked_ns = now_ns;
		m->sends = 0;
	} else if (now_ns - m->asked_ns >= PATIENCE_NS) {
		m->asked_ns = now_ns;
		m->sends++;
		preempt_send(m);
	}
	monitor.soon |= m->sends < SENDS_AT_ONCE;
}

/* Where tests want it often, and at any instruction: poison comes late, for who
 * cannot be taken. */
static void take_always(struct m *m, struct g *gp, int64_t now_ns)
{
	if (!m->csp || now_ns - m->asked_ns < PATIENCE_NS)
		return;
	m->asked_ns = now_ns;
	atomic_store_explicit(&gp->preempt, 1, memory_order_relaxed);
	preempt_send(m);
}

/* Whoever is on PP now and those who share the slice with it. */
static bool ran_too_long(struct m *m, struct p *pp, int64_t now_ns)
{
	uint32_t tick = atomic_load_explicit(&pp->tick, memory_order_relaxed);

	if (tick != m->seen_tick || pp != m->seen_p) {
		m->seen_tick = tick;
		m->seen_p = pp;
		m->tick_ns = now_ns;
		return false;
	}
	return env.preempt == PREEMPT_ALWAYS || now_ns - m->tick_ns >= SLICE_NS;
}

static bool timer_is_late(const struct p *pp, int64_t now_ns, int64_t late_ns)
{
	return timerheap_next_ns(&pp->timers) <= now_ns - late_ns;
}

/* The end of pgo_run() comes whether preemption is on or not. */
static bool others_want_p(struct m *m, int64_t now_ns)
{
	return atomic_load(&sched.stopping) ||
	       (env.preempt != PREEMPT_OFF &&
		(queued_for(m) ||
		 timer_is_late(m->seen_p, now_ns, TIMER_LATE_NS)));
}

/* M is to be between two goroutines soon, and then to see that the P is not
 * theirs any more. */
static void end_slice(struct m *m, struct p *pp, int64_t now_ns)
{
	struct g *gp = m->g;

	procs_end_slice(pp);
	if (gp && !m->insched)
		preempt(m, gp, now_ns);
}

/* Who lies behind a goroutine that does not leave has been left to its M, which
 * would soon run it, as it seemed. */
static void wake_for_queued(struct m *m)
{
	if (m->switches == m->seen_switches && queued_for(m))
		sched_wake();
}

/* Whether PP's M is to pass the gate whatever it does. */
static bool must_pass(const struct p *pp)
{
	return pp && (procs_is_surplus(pp) || procs_is_closed(pp));
}

void sysmon_ask_surplus(void)
{
	struct m *m = atomic_load_explicit(&sched.allm, memory_order_acquire);

	for (; m; m = m->alllink) {
		struct p *pp = m->p;
		struct g *gp = m->g;

		if (!m->tid || !must_pass(pp) || m_retake(m))
			continue;
		procs_end_slice(pp);
		if (gp && !m->insched)
			ask(m, gp);
	}
}

/* Returns whether a P was taken: then more may come soon. */
static bool watch(struct m *m, int64_t now_ns)
{
	struct p *pp = m->p;
	struct g *gp = m->g;
	bool did = false;

	if (!m->tid)
		return false;
	if (must_pass(pp)) {
		did = m_retake(m);
		if (!did)
			end_slice(m, pp, now_ns);
	} else if (stays_in_c(m) && p_is_wanted(m, now_ns)) {
		did = m_retake(m);
	} else if (pp && ran_too_long(m, pp, now_ns) &&
		   others_want_p(m, now_ns)) {
		end_slice(m, pp, now_ns);
	}
	wake_for_queued(m);
	if (gp && env.async_preempt == ASYNC_PREEMPT_ALWAYS)
		take_always(m, gp, now_ns);
	if (m->calls != m->seen_calls || m->switches != m->seen_switches) {
		m->seen_calls = m->calls;
		m->seen_switches = m->switches;
		m->seen_ns = now_ns;
	}
	return did;
}

/* Timers ------------------------------------------------------------------- */

int64_t sysmon_next_ns(void)
{
	return atomic_load(&monitor.next_ns);
}

/* Nobody may notice before the next turn, at NEXT_NS, that a timer is due: an
 * M that sleeps is to see to it. */
static void sleep_till(int64_t next_ns)
{
	/* Before the look: who adds a timer stores that first. */
	atomic_store(&monitor.next_ns, next_ns);
	sched_timer_earlier(timer_next_ns());
	note_wait(&monitor.note, next_ns == INT64_MAX ? -1 : next_ns);
}

/* From a P whose goroutine does not yield when asked to, while there is no idle
 * one to help out: to the next that does better. */
static void move_stuck_timers(int64_t now_ns)
{
	int n = sched.gomaxprocs;

	if (atomic_load(&sched.npidle))
		return;
	for (int i = 0; i < n; i++) {
		struct p *from = &sched.ps[i];

		if (!timer_is_late(from, now_ns, TIMER_STUCK_NS))
			continue;
		for (int j = 1; j < n; j++) {
			struct p *to = &sched.ps[(i + j) % n];

			if (timer_is_late(to, now_ns, TIMER_LATE_NS))
				continue;
			timer_move(from, to, now_ns);
			return;
		}
	}
}

/* What goroutines have to spare -------------------------------------------- */

/*
 * Pages of a contiguous stack, below the frames of one that waits.  Who has
 * waited for an epoch is done with; the others are looked at in turns when
 * there are many, for each look is a system call or two.  Returns whether it
 * is to be looked at again.
 */
static bool trim_pages(struct g *gp, int64_t now_ns)
{
	uint32_t epoch = sched_shrink_epoch();
	bool rests = now_ns - gp->since_ns >= EPOCH_NS;

	if (!rests)
		monitor.restless++;
	if (rests || !(((uint32_t)gp->slot + epoch) % monitor.turns))
		g_shrink_below(gp, (uintptr_t)gp->sp);
	return !rests;
}

/* GP waits and is claimed.  One whose thread sleeps with it is looked at when
 * it next leaves its M. */
static bool trim_waiting(struct g *gp, int64_t now_ns)
{
	if (gp->bound)
		return false;
	if (seg_is_fixed(gp->base))
		return trim_pages(gp, now_ns);
	g_shrink(gp, sched_shrink_epoch());
	return gp->cur->next;
}

/* Whether GP is to be looked at again; if not, it may be on the list anew when
 * this returns. */
static bool trim(struct g *gp, int64_t now_ns)
{
	uint32_t slot = (uint32_t)gp->slot;
	bool again = gp->kind != GFREE_SEGMENTED;
	uint32_t status;

	if (gtab_begin_scan(slot, &status)) {
		if (gtab_state(status) == G_WAITING)
			again = trim_waiting(gp, now_ns);
		/* Before it can leave an M once more and see that it is on the
		 * list still. */
		if (!again)
			atomic_store(&gp->on_trim, 0);
		gtab_end_scan(slot);
	} else if (again && gtab_begin_scan_idle(slot)) {
		/* Who makes a goroutine of it writes to the first page. */
		if (gp->kind == GFREE_CONTIGUOUS)
			arena_trim(gp->base, (uintptr_t)gp->base);
		again = false;
		atomic_store(&gp->on_trim, 0);
		gtab_end_scan(slot);
	} else if (!again) {
		/* It runs, and comes back to the list by itself. */
		atomic_store(&gp->on_trim, 0);
	}
	return again;
}

/* So many a turn: sysmon has other things to do. */
static void trim_some(int64_t now_ns)
{
	for (int n = 0; monitor.trim && n < TRIM_BATCH; n++) {
		struct g *gp = monitor.trim;

		monitor.trim = gp->trim_link;
		if (trim(gp, now_ns))
			sched_remember(gp);
	}
}

static void new_epoch(int64_t now_ns)
{
	if (now_ns < monitor.epoch_ns)
		return;
	monitor.epoch_ns = now_ns + EPOCH_NS;
	atomic_fetch_add(&sched.shrink_epoch, 1);
	trim_epoch();
	if (monitor.trim)
		return;
	monitor.turns = 1 + monitor.restless / TRIM_RESTLESS;
	monitor.restless = 0;
	lock_get(&sched.trim_lock);
	monitor.trim = sched.trim;
	sched.trim = NULL;
	lock_put(&sched.trim_lock);
}

/* The rest ---------------------------------------------------------------- */

/* Returns whether one was made. */
static bool make_thread(int64_t now_ns)
{
	int rc;

	/* One at a time: a thread may take long to come where many want the
	 * CPUs, and each turn meanwhile would want another. */
	if (!atomic_load(&sched.want_m) || atomic_load(&sched.ncoming))
		return false;
	atomic_store(&sched.want_m, 0);
	if (atomic_load(&sched.nmidle)) {
		sched_wake();
		return false;
	}
	rc = m_spawn();
	if (!rc) {
		monitor.refused_ns = 0;
		return true;
	}
	/* Whoever asked counts on it: again at the next turn. */
	atomic_store(&sched.want_m, 1);
	if (!monitor.refused_ns)
		monitor.refused_ns = now_ns;
	else if (now_ns - monitor.refused_ns > REFUSED_NS)
		m_die_refused(rc);
	return false;
}

/* pgo_run() wants to return: its thread may sleep in a system call. */
static void call_m0_home(void)
{
	struct m *m0 = sched.m0;

	if (!atomic_load(&sched.stopping) || atomic_load(&sched.m0_home))
		return;
	m0->attn = 1;
	netpoll_wake_m(m0);
	if (!m0->insched && !m0->csp)
		sys_call(SYS_tgkill, sys_getpid(), m0->tid, SIGURG, 0);
}

/* Goroutine 1 waits for a P to return on, and does not get one. */
static void stop_in_time(int64_t now_ns)
{
	int64_t end_ns = atomic_load(&sched.end_ns);

	if (end_ns && now_ns >= end_ns && !atomic_load(&sched.stopping))
		sched_stop();
}

static bool turn(int64_t now_ns)
{
	struct m *m = atomic_load_explicit(&sched.allm, memory_order_acquire);
	bool did = make_thread(now_ns);

	procs_forget_slices();
	sched_set_now(now_ns);
	for (; m; m = m->alllink)
		did |= watch(m, now_ns);
	did |= procs_turn(now_ns);
	move_stuck_timers(now_ns);
	netpoll_turn(now_ns);
	stop_in_time(now_ns);
	call_m0_home();
	new_epoch(now_ns);
	trim_some(now_ns);
	gtab_end_scans();
	schedtrace_tick(now_ns);
	times_turn(now_ns);
	return did;
}

static bool all_idle(void)
{
	return atomic_load(&sched.npidle) == (uint32_t)sched.gomaxprocs &&
	       !atomic_load(&sched.gate) && !sched.trim && !monitor.trim &&
	       !atomic_load(&sched.want_m) &&
	       !atomic_load(&sched.stopping);
}

/* The long sleep: until a P is taken, a thread is wanted, or a line is due. */
static void sleep_long(void)
{
	atomic_store(&monitor.asleep, 1);
	if (all_idle()) {
		int64_t due = schedtrace_next_ns();
		int64_t again = INT64_MAX;

		if (atomic_load(&sched.spared))
			again = clock_mono_ns() + RECHECK_NS;
		if (again < due)
			due = again;
		sleep_till(due);
	}
	atomic_store(&monitor.asleep, 0);
	if (atomic_load(&sched.spared)) {
		lock_get(&sched.lock);
		sched_check_dead();
		lock_put(&sched.lock);
	}
}

/* Where tests want its turns to be as short as they can be. */
static bool is_restless(void)
{
	return env.preempt == PREEMPT_ALWAYS ||
	       env.async_preempt == ASYNC_PREEMPT_ALWAYS;
}

/* The turn after one that asked a goroutine to yield comes when patience with
 * it ends, and the pace stays what it was: turns of 20 us after each slice
 * would cost a busy program some percent. */
static int64_t next_pause_ns(int64_t pause_ns)
{
	bool soon = monitor.soon;

	monitor.soon = false;
	return soon && pause_ns > PATIENCE_NS ? PATIENCE_NS : pause_ns;
}

static void *sysmon_main(void *arg)
{
	int64_t pause_ns = TURN_MIN_NS;
	int quiet = 0;

	(void)arg;
	for (;;) {
		int64_t now = clock_mono_ns();
		int64_t due = schedtrace_next_ns();

		if (turn(now) || (is_restless() && !all_idle())) {
			quiet = 0;
			pause_ns = TURN_MIN_NS;
		} else if (++quiet > QUIET_TURNS && pause_ns < TURN_MAX_NS) {
			pause_ns *= 2;
		}
		if (quiet > IDLE_TURNS && all_idle()) {
			sleep_long();
			quiet = 0;
			pause_ns = TURN_MIN_NS;
			continue;
		}
		now += next_pause_ns(pause_ns);
		sleep_till(now < due ? now : due);
	}
	return NULL;
}

int sysmon_start(void)
{
	pthread_t thread;
	int rc = thread_start(&thread, STACK_BYTES, sysmon_main, NULL);

	if (!rc)
		pthread_detach(thread);
	return rc;
}
