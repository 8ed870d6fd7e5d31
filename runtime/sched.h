/*
 * The scheduler: Gs that want to run, Ms that run them, Ps that let them.
 *
 * Everything below is for the runtime's own files.  A goroutine leaves its M
 * by switch_from_g() and nowhere else; see switch.c.
 */
#ifndef PGO_RUNTIME_SCHED_H
#define PGO_RUNTIME_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/g.h"
#include "runtime/lock.h"
#include "runtime/m.h"
#include "runtime/p.h"
#include "runtime/reason.h"
#include "runtime/timer.h"

enum sched_leave {
	LEAVE_YIELD,            /* to the end of its P's queue */
	LEAVE_PREEMPTED,        /* to the global queue: asked for by sysmon */
	LEAVE_PARK,
	LEAVE_DEAD,
	LEAVE_STOP,             /* pgo_run() is over: never runs again */
};

enum {
	MAX_PROCS = 1024,
	/* Prime, so that it meets every pattern. */
	SCHED_GLOBAL_EVERY = 61,
};

#define SELDOM(what) __builtin_expect(what, 0)

/* What an M must look after between two goroutines. */
enum {
	GATE_STOPPING = 1,
	GATE_PROCS = 2,         /* Ps are not yet what they are to be */
	GATE_SLICE = 4,         /* times the Ps whose slice is over */
};

/* Why each switch goes the long way. */
enum {
	SLOW_ALWAYS = 1,        /* tests or sanitizers want it, or this is a
				 * child */
	SLOW_TIMES = 2,         /* times are kept: times.h */
};

struct sched {
	struct lock lock;
	struct gchain runq;             /* lock; count is read without */
	struct p *pidle;                /* lock */
	struct m *midle;                /* lock */
	_Atomic uint32_t npidle;        /* lock; read without */
	_Atomic uint32_t nmidle;        /* lock; read without */
	_Atomic uint32_t nspinning;     /* Ms that look for work */
	_Atomic uint32_t nbound;        /* lock: Ms asleep with a goroutine */
	_Atomic uint32_t nforeign;      /* threads of the program's asleep
					 * until a goroutine wakes them */
	uint32_t nm;                    /* lock: Ms with a thread */
	_Atomic uint32_t want_m;        /* a P waits for a thread to be made;
					 * SCHED lines call it needspinning */
	_Atomic uint32_t ncoming;       /* threads made that do not run yet */
	_Atomic(struct m *) allm;       /* newest first, by alllink */
	struct p *ps;                   /* constant: room for MAX_PROCS */
	_Atomic int32_t gomaxprocs;     /* lock; read without: so many of them
					 * are in use, the first */
	_Atomic int64_t last_id;        /* goroutine ids given out */
	_Atomic int64_t live;           /* goroutines that exist */
	_Atomic uint64_t creates;       /* started by who had no P */
	_Atomic uint32_t spared;        /* a deadlock, were it not for threads
					 * that are not ours */
	_Atomic uint32_t stopping;      /* goroutine 1 has returned */
	_Atomic int64_t end_ns;         /* it is about to: sysmon stops all
					 * then.  0: it is not */
	_Atomic uint32_t slow;          /* SLOW_*; not 0: each switch is
					 * sched_loop()'s */
	_Atomic uint32_t gate;          /* GATE_*; 0: from one goroutine to the
					 * next an M may go straight on */
	_Atomic int64_t now_ns;         /* see sched_now_ns() */
	_Atomic uint32_t shrink_epoch;  /* sysmon: +1 a second */
	struct lock trim_lock;
	struct g *trim;                 /* trim_lock: has spares, or may */
	_Atomic int64_t timer_deadline; /* an idle M sleeps till then */
	_Atomic uint32_t m0_home;       /* M0 has left sched_loop() */
	_Atomic uint32_t runtime_threads; /* ours that are no Ms */
	int64_t start_ns;               /* constant, monotonic */
	struct m *m0;                   /* constant; NULL: pgo_start() */
};

extern struct sched sched __attribute__((visibility("hidden")));

/* Whether switches are all to go the long way. */
static inline bool sched_is_slow(void)
{
	return atomic_load_explicit(&sched.slow, memory_order_relaxed);
}

static inline uint32_t sched_shrink_epoch(void)
{
	return atomic_load_explicit(&sched.shrink_epoch, memory_order_relaxed);
}

/* One turn in 61 starts at the global queue, so that goroutines that wake each
 * other cannot keep everyone else out. */
static inline bool sched_is_global_turn(const struct p *pp)
{
	return atomic_load_explicit(&pp->tick, memory_order_relaxed) %
			SCHED_GLOBAL_EVERY == 0;
}

/*
 * The monotonic clock as sysmon last saw it, which is 10 ms ago at most: it
 * sleeps longer only while every P is idle, and the first to be taken sets this
 * anew.  Half of a switch is what a clock would cost.  [any]
 */
static inline int64_t sched_now_ns(void)
{
	return atomic_load_explicit(&sched.now_ns, memory_order_relaxed);
}

static inline void sched_set_now(int64_t now_ns)
{
	atomic_store_explicit(&sched.now_ns, now_ns, memory_order_relaxed);
}

/*
 * Parks the calling goroutine for REASON until sched_ready().  COMMIT(g, ARG)
 * runs when the goroutine is off its stack and marked WAITING, still on this
 * M: it usually drops the lock of what is waited on.  When it returns false
 * the goroutine is made runnable at once.  WAIT_ON is shown to readers.
 * Works in callbacks from C too: the thread then sleeps with its goroutine.
 * [g]
 */
void sched_park(bool (*commit)(struct g *g, void *arg), void *arg,
		enum wait_reason reason, const void *wait_on);

/* The same for the common case: what is to be done is to drop LOCK, held. */
void sched_park_unlock(struct lock *lock, enum wait_reason reason,
		       const void *wait_on);

/* Where tests want a yield at every operation: PGODEBUG=yield=always.  [any] */
void sched_point_now(void);

static inline void sched_point(void)
{
	if (SELDOM(sched_is_slow()))
		sched_point_now();
}

/* Makes a parked goroutine runnable; runs it next when it can.  [any] */
void sched_ready(struct g *gp);

/* The same of all in CHAIN, in order behind what is queued already.  The
 * caller has a P.  [m] */
void sched_ready_all(struct gchain *chain);

/* The same for one that the caller then puts on a run queue.  [any] */
void sched_unpark(struct g *gp);

/* Puts a new goroutine, which must be G_IDLE, on a run queue.  [any] */
void sched_start(struct g *gp);

/* The reason WHY, unless the program is over. */
static inline enum sched_leave sched_or_stop(enum sched_leave why)
{
	return atomic_load_explicit(&sched.stopping, memory_order_relaxed) ?
		       LEAVE_STOP : why;
}

/* Leaves the M for the reason given.  [g] on the goroutine's stack. */
void sched_leave(enum sched_leave why);

/*
 * Runs goroutines, FIRST (NULL: none) before others, until there is nothing
 * for this thread to do ever again: M0's when the program is over, another's
 * when a goroutine has ended that was locked to it.  FIRST is new.  [m]
 */
void sched_loop(struct m *m, struct g *first);

/* Wakes an M for work that was just queued, if a P is idle and nobody is
 * looking already.  [any] */
void sched_wake_one(void);

/* The same for who was put in runnext of PP, the caller's: for one that would
 * be gone when a thief comes, nobody is woken. */
void sched_wake_for(struct p *pp);

static inline void sched_wake(void)
{
	/* What was queued before the look at who is idle or spins: to let go of
	 * a lock is no barrier.  Pairs with found() and drop_p(). */
	atomic_thread_fence(memory_order_seq_cst);
	if (SELDOM(atomic_load_explicit(&sched.npidle, memory_order_relaxed)))
		sched_wake_one();
}

/* A timer that is due at WHEN_NS is new, or who was to look at it will come
 * later: wakes an M that sleeps unless somebody else will look in time.
 * [any] */
void sched_timer_earlier(int64_t when_ns);

/* What __morestack and the ways out of C call to yield.  [g] */
void sched_preempted(void);

/* The calling thread, in C and deep in its stack, is about to go on with
 * goroutine code: csp is set and it has a P when this returns.  [m] */
void sched_back_from_c(struct m *m);

/* The first function of every goroutine; when it returns it has ended.  [g] */
void sched_goroutine_main(void);

/* The next goroutine for M, which then holds a P; sleeps until there is one.
 * NULL: the program is over and M is M0.  [m] */
struct g *sched_find(struct m *m);

/* GP, marked on_trim, may have stack to spare: sysmon looks at it in the next
 * epoch.  [m] */
void sched_remember(struct g *gp);

/* GP, runnable, to the end of PP, the caller's; half of a full one goes to the
 * global queue. */
void sched_put_last(struct p *pp, struct g *gp);

/* A goroutine has ended on PP, the caller's. */
static inline void sched_count_end(struct p *pp)
{
	p_count(&pp->exits, 1);
	atomic_fetch_sub_explicit(&sched.live, 1, memory_order_relaxed);
}

/* A goroutine leaves PP, the caller's or NULL, for it was asked to. */
static inline void sched_count_preempt(struct p *pp)
{
	if (pp)
		p_count(&pp->preempts, 1);
}

/* Where the thread of the caller, a goroutine in a callback, is to wait with
 * it. */
void sched_park_bound(struct m *m, struct g *gp);
void sched_yield_bound(struct m *m, struct g *gp);

/* GP's thread sleeps with it: M's P goes there. */
void sched_hand_to_bound(struct m *m, struct g *gp);

/* Chains to the global queue.  [any] */
void sched_put_global(struct gchain *chain);
void sched_put_global_one(struct g *gp);

/* With sched.lock held: Ps to and from the idle list. */
void sched_pidle_put(struct p *pp);
struct p *sched_pidle_get(void);

/* With sched.lock held: gives PP, which has no M, to somebody if there is
 * work for it, else to the idle list. */
void sched_handoff(struct p *pp);

/* With sched.lock held: M takes PP. */
void sched_take_p(struct m *m, struct p *pp);

/* Dies when every goroutine waits for another.  Drops sched.lock, which is
 * held, before it does. */
void sched_check_dead(void);

/* Whether goroutines run on other Ps than the caller's, or wait for their turn,
 * as it seems now.  [g] [m] */
bool sched_others_are_busy(void);

/* Goroutine 1 returns, the caller: who has just told it that he is done has a
 * moment to end.  [g] */
void sched_let_end(void);

/* Goroutine 1 has returned: nobody runs any more, M0 goes home.  [m], sysmon */
void sched_stop(void);

#endif
