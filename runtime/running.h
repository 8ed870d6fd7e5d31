/*
 * A goroutine on its M: the words that say so, as a switch writes them, be it
 * the long way through sched_loop() or the short one of switch.c.
 */
#ifndef PGO_RUNTIME_RUNNING_H
#define PGO_RUNTIME_RUNNING_H

#include "runtime/sched.h"

/* GP begins to run on M's P, once more. */
static inline void running_note(struct m *m, struct g *gp)
{
	const struct p *pp = m->p;

	gp->runs++;
	/* From an M that goes on in C it may have been taken already. */
	if (pp)
		gp->last_p = pp->id;
}

/* M runs GP from here on, but for gtab_run(), which may wait for a reader. */
static inline void running_begin(struct m *m, struct g *gp)
{
	atomic_store_explicit(&gp->preempt, 0, memory_order_relaxed);
	gp->m = m;
	m->cfp = NULL;
	m->lsp = NULL;
	m->g = gp;
	m->switches++;
	running_note(m, gp);
	if (SELDOM(m->exceptions != NULL))
		exceptions_swap(m->exceptions, &gp->exceptions);
}

/* It does not any more.  Before others can find GP. */
static inline void running_end(struct m *m, struct g *gp)
{
	if (SELDOM(m->exceptions != NULL))
		exceptions_swap(m->exceptions, &gp->exceptions);
	m->g = NULL;
	gp->m = NULL;
}

/* Before GP is seen WAITING or RUNNABLE: a reader that finds both the state
 * and this count as they were takes the stack for what it was. */
static inline void running_count(struct g *gp)
{
	struct gtab_row *row = gp->row;

	atomic_store_explicit(&row->parks, row->parks + 1,
			      memory_order_relaxed);
}

static inline void running_to_waiting(struct g *gp)
{
	gp->since_ns = sched_now_ns();
	gtab_move(gp->row, G_RUNNING,
		  G_WAITING | gp->reason << G_REASON_SHIFT);
}

/* GP, off its stack, parks: from a true commit on it may run elsewhere. */
static inline void running_park(struct g *gp)
{
	running_to_waiting(gp);
	if (!gp->commit(gp, gp->commit_arg))
		sched_ready(gp);
}

static inline void running_to_runnable(struct g *gp)
{
	gp->since_ns = sched_now_ns();
	gtab_move(gp->row, G_RUNNING, G_RUNNABLE);
}

#endif
