/*
 * From one goroutine to the next.
 *
 * Mostly a goroutine that yields, waits or ends has a next one on its own P,
 * and nobody asks for anything.  Then the switch goes straight from stack to
 * stack (amd64/switch.S): a function of this file is called in between, on the
 * thread's stack.  It does what may only be done when the goroutine is off its
 * own, says it is queued or lets go of the lock, and returns the next one.
 *
 * Whatever else there is, the gate, the global queue's turn, a locked thread,
 * spare segments, an overrun, is sched_loop()'s: NULL is returned, and the
 * scheduler goes on as if there were no short way.  So is all of it where
 * sched.slow says so.  These functions hold nothing over a call but at their
 * end; a compiler that sees that saves no registers for them, which was a third
 * of a switch.
 *
 * Not chosen: to look for the next one on the goroutine's own stack.  It saves
 * five stores, and everything there would have to fit below the limit.
 */
#include <pgo/go.h>

#include "runtime/env.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/forked.h"
#include "runtime/leakcheck.h"
#include "runtime/running.h"

#define COLD __attribute__((noinline, cold))
#define HOT inline __attribute__((always_inline))

typedef struct g *after_fn(struct m *m, struct g *gp);

void switch_from_g(struct m *m, struct g *gp, after_fn *after);
after_fn sched_after_end;

/* The next one ------------------------------------------------------------- */

/* GP's thread sleeps with it. */
static COLD struct g *give_to_bound(struct m *m, struct g *gp)
{
	sched_hand_to_bound(m, gp);
	return NULL;
}

static COLD struct g *begin_claimed(struct m *m, struct g *gp)
{
	gtab_wait_claim(gp->row);
	running_begin(m, gp);
	return gp;
}

static HOT struct g *begin(struct m *m, struct g *gp)
{
	if (SELDOM(gp->bound != NULL))
		return give_to_bound(m, gp);
	gtab_set_running(gp->row);
	if (SELDOM(gtab_may_be_claimed()))
		return begin_claimed(m, gp);
	running_begin(m, gp);
	return gp;
}

/* From M's own P. */
static HOT struct g *own_next(struct m *m)
{
	struct p *pp = m->p;
	struct g *gp = runq_get_next(&pp->runq);

	/* It shares the time slice of who readied it. */
	if (gp)
		return begin(m, gp);
	if (sched.runq.count && sched_is_global_turn(pp))
		return NULL;
	gp = runq_get_head(&pp->runq);
	if (SELDOM(!gp))
		return NULL;
	p_tick(pp);
	return begin(m, gp);
}

static COLD struct g *next_after_timers(struct m *m)
{
	if (timer_may_be_due(m->p))
		timer_look(m->p);
	return own_next(m);
}

static HOT struct g *next(struct m *m)
{
	if (SELDOM(atomic_load_explicit(&sched.gate, memory_order_relaxed)))
		return NULL;
	if (SELDOM(timerheap_next_ns(&m->p->timers) != INT64_MAX))
		return next_after_timers(m);
	return own_next(m);
}

static COLD struct g *next_after_all(struct m *m)
{
	return next(m);
}

/* Leaving ------------------------------------------------------------------ */

static struct g *leave_to_loop(struct m *m, struct g *gp)
{
	(void)m;
	(void)gp;
	return NULL;
}

static inline bool has_spares(const struct g *gp)
{
	return gp->cur->next &&
	       !atomic_load_explicit(&gp->on_trim, memory_order_relaxed);
}

/* What more than the short way is to be done for. */
static inline bool is_special(const struct g *gp)
{
	return SELDOM(gp->locks) ||
	       SELDOM(gp->shrink_epoch != sched_shrink_epoch());
}

/* The same of one that may not come back for long. */
static inline bool is_special_to_end(const struct g *gp)
{
	return is_special(gp) || SELDOM(!seg_is_whole(gp->cur));
}

static inline bool is_special_to_wait(const struct g *gp)
{
	return is_special_to_end(gp) || SELDOM(has_spares(gp));
}

static inline struct g *leave_special(struct g *gp, enum sched_leave why)
{
	gp->leave = why;
	return NULL;
}

static COLD struct g *spill(struct m *m, struct g *gp)
{
	sched_put_last(m->p, gp);
	return next_after_all(m);
}

static struct g *after_yield(struct m *m, struct g *gp)
{
	if (is_special(gp))
		return leave_special(gp, LEAVE_YIELD);
	running_end(m, gp);
	running_count(gp);
	running_to_runnable(gp);
	if (SELDOM(!runq_put_tail(&m->p->runq, gp)))
		return spill(m, gp);
	return next(m);
}

static struct g *after_park(struct m *m, struct g *gp)
{
	if (is_special_to_wait(gp))
		return leave_special(gp, LEAVE_PARK);
	running_end(m, gp);
	running_count(gp);
	running_park(gp);
	return next(m);
}

static COLD struct g *wake_for_lock(struct m *m, struct lock *l)
{
	lock_wake(l);
	return next_after_all(m);
}

/* The same where the commit function drops a lock. */
static struct g *after_unlock(struct m *m, struct g *gp)
{
	struct lock *lock = gp->commit_arg;

	if (is_special_to_wait(gp))
		return leave_special(gp, LEAVE_PARK);
	running_end(m, gp);
	running_count(gp);
	running_to_waiting(gp);
	if (SELDOM(lock_drop(lock)))
		return wake_for_lock(m, lock);
	return next(m);
}

/* The same; called by pgo_gostart. */
struct g *sched_after_end(struct m *m, struct g *gp)
{
	if (is_special_to_end(gp) || SELDOM(gp->id == 1) ||
	    SELDOM(!g_is_tidy(gp)) || SELDOM(!p_has_room(m->p)))
		return leave_special(gp, LEAVE_DEAD);
	running_end(m, gp);
	running_count(gp);
	if (SELDOM(m->exceptions != NULL))
		gp->exceptions = (struct exceptions){ 0 };
	sched_count_end(m->p);
	gtab_move(gp->row, G_RUNNING, G_IDLE);
	p_put_free(m->p, gp);
	return next(m);
}

/* The goroutine's side ----------------------------------------------------- */

/* Not inlined: after the switch this is another thread, and nothing of the
 * old one may be in registers. */
__attribute__((noinline)) void sched_leave(enum sched_leave why)
{
	struct m *m = m_get();
	struct g *gp = m->g;

	forked_check();
	gp->leave = why;
	fiber_to_sched(m, gp);
	switch_from_g(m, gp, leave_to_loop);
	fiber_in_g(gp);
}

void sched_preempted(void)
{
	sched_leave(sched_or_stop(LEAVE_PREEMPTED));
}

/* Whether there are short ways for the caller: it is not in a callback, and
 * nobody watches. */
static inline bool is_plain(const struct m *m)
{
	return !SELDOM(!m->csp) && !SELDOM(sched_is_slow());
}

static bool unlock(struct g *gp, void *arg)
{
	(void)gp;
	lock_put(arg);
	return true;
}

static void park_slowly(struct m *m)
{
	if (m->csp)
		sched_leave(LEAVE_PARK);
	else
		sched_park_bound(m, m->g);
}

/* The caller is about to park. */
static inline void say_what_for(struct g *gp, enum wait_reason reason,
				const void *wait_on)
{
	gp->reason = reason;
	gp->wait_on = wait_on;
}

void sched_park(bool (*commit)(struct g *g, void *arg), void *arg,
		enum wait_reason reason, const void *wait_on)
{
	struct m *m = m_get();
	struct g *gp = m->g;

	gp->commit = commit;
	gp->commit_arg = arg;
	say_what_for(gp, reason, wait_on);
	if (is_plain(m))
		switch_from_g(m, gp, after_park);
	else
		park_slowly(m);
}

void sched_park_unlock(struct lock *lock, enum wait_reason reason,
		       const void *wait_on)
{
	struct m *m = m_get();
	struct g *gp = m->g;

	gp->commit = unlock;
	gp->commit_arg = lock;
	say_what_for(gp, reason, wait_on);
	if (is_plain(m))
		switch_from_g(m, gp, after_unlock);
	else
		park_slowly(m);
}

static COLD void yield_slowly(struct m *m)
{
	if (!m || !m->g)
		return;
	if (m->csp)
		sched_leave(sched_or_stop(LEAVE_YIELD));
	else
		sched_yield_bound(m, m->g);
}

void pgo_yield(void)
{
	const struct m *m = m_on_g();

	if (is_plain(m))
		switch_from_g((struct m *)m, m->g, after_yield);
	else
		yield_slowly(m_get());
}

void sched_point_now(void)
{
	if (env.yield_always)
		pgo_yield();
}

void pgo_poll(void)
{
	struct g *gp = g_get();

	if (gp && atomic_load_explicit(&gp->preempt, memory_order_relaxed)) {
		sched_count_preempt(p_get());
		pgo_yield();
	}
}

void pgo_goexit(void)
{
	struct m *m = m_get();

	if (!m || !m->g)
		fatal_throw("pgo_goexit() on a thread that runs no goroutine");
	if (!m->csp)
		fatal_throw("pgo_goexit() in a callback from C");
	m->g->goexit = true;
	sched_leave(LEAVE_DEAD);
	__builtin_unreachable();
}

static void begin_watched(struct g *gp)
{
	fiber_in_g(gp);
	fiber_acquire(gp);
	fiber_acquire(gp->base);
}

static __attribute__((noinline)) void goroutine_1_returned(void)
{
	leakcheck_main_returned();
	sched_let_end();
}

void sched_goroutine_main(void)
{
	struct g *gp = g_get();

	if (SELDOM(sched_is_slow()))
		begin_watched(gp);
	gp->fn(gp->arg);
	if (gp->id == 1)
		goroutine_1_returned();
	if (SELDOM(sched_is_slow()))
		sched_leave(LEAVE_DEAD);
}
