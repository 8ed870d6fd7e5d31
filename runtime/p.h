/*
 * A P: the right to run goroutines, and what comes with it: a run queue, a
 * cache of dead goroutines, and timers.
 */
#ifndef PGO_RUNTIME_P_H
#define PGO_RUNTIME_P_H

#include <stdint.h>

#include "runtime/g.h"
#include "runtime/runq.h"
#include "runtime/timerheap.h"

struct cache;
struct m;

enum p_state {
	P_IDLE = 0,             /* on sched.pidle; nobody's */
	P_RUNNING = 1,          /* an M's, see p->m */
	P_GOING = 3,            /* to be emptied: see procs.c */
	P_DEAD = 4,
};

struct p {
	struct runq runq;       /* the owner puts and gets; thieves steal */
	_Atomic uint32_t state; /* sched.lock */
	_Atomic uint32_t tick;  /* owner: +1 per goroutine run */
	_Atomic uint32_t handoffs; /* sched.lock: times taken from C */
	_Atomic uint32_t retakes; /* sched.lock: of those, by sysmon */
	int32_t id;             /* constant: its place in sched.ps */
	struct m *m;            /* sched.lock or the owner */
	struct p *link;         /* sched.lock: idle, or going; see procs.c */
	struct g *gfree[GFREE_CACHED]; /* owner: dead goroutines, with base */
	uint32_t gfree_count;   /* owner: on both lists */
	_Atomic uint32_t slice_over; /* sysmon sets; the owner clears */
	uint32_t rand;          /* owner: where to steal first */
	_Atomic uint64_t steals; /* owner: goroutines stolen */
	_Atomic uint64_t creates; /* owner: goroutines started */
	_Atomic uint64_t exits; /* owner: goroutines that ended */
	_Atomic uint64_t preempts; /* owner: left when they were asked to */
	struct cache *cache;    /* owner: of pgo_malloc(); never NULL */
	struct timerheap timers; /* its own lock; see timer.c */
	_Atomic bool hasty;     /* thieves set: its runnext does not stay */
	uint32_t hurry;         /* owner: so many more may be put there
				 * without waking a thief */
} __attribute__((aligned(128)));

enum { P_GFREE_MAX = 64 };      /* a P with more gives half away */

/* A dead goroutine of KIND, which has a list there, or NULL.  Owner. */
static inline struct g *p_get_free(struct p *pp, enum gfree_kind kind)
{
	struct g *gp = pp->gfree[kind];

	if (gp) {
		pp->gfree[kind] = gp->link;
		pp->gfree_count--;
	}
	return gp;
}

/* GP, which is G_IDLE, to its list.  Owner. */
static inline void p_put_free(struct p *pp, struct g *gp)
{
	gp->link = pp->gfree[gp->kind];
	pp->gfree[gp->kind] = gp;
	pp->gfree_count++;
}

static inline bool p_has_room(const struct p *pp)
{
	return pp->gfree_count < P_GFREE_MAX;
}

/* N more of what the owner counts; readers add up all Ps. */
static inline void p_count(_Atomic uint64_t *sum, uint64_t n)
{
	atomic_store_explicit(
		sum, atomic_load_explicit(sum, memory_order_relaxed) + n,
		memory_order_relaxed);
}

/* One more goroutine runs there, in a time slice of its own.  Owner. */
static inline void p_tick(struct p *pp)
{
	atomic_store_explicit(&pp->tick, pp->tick + 1, memory_order_relaxed);
}

#endif
