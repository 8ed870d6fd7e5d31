/*
 * Waking, and running the long way.
 *
 * A goroutine that must wait leaves its M; the M, off its stack, marks it
 * WAITING and then lets the commit function drop the lock of what it waits on,
 * in that order: a waker that takes the lock afterwards sees WAITING and may
 * run it at once on another M.  The short way from one goroutine to the next is
 * in switch.c; what is here is right for every case.
 *
 * In a callback from C the M's stack is in use below the goroutine, so the
 * thread itself waits ("bound"): it gives its P away, and whoever finds the
 * goroutine on a run queue hands his own P to it.  The thread of a goroutine
 * that has locked it waits in the same way, but in the scheduler.
 */
#include "runtime/running.h"

#include "runtime/dice.h"
#include "runtime/env.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/forked.h"
#include "runtime/times.h"

struct sched sched = { .timer_deadline = INT64_MAX };

void switch_to_g(struct m *m, struct g *gp);

/* Queues ------------------------------------------------------------------- */

void sched_put_global(struct gchain *chain)
{
	if (!chain->head)
		return;
	lock_get(&sched.lock);
	chain->tail->link = NULL;
	if (sched.runq.tail)
		sched.runq.tail->link = chain->head;
	else
		sched.runq.head = chain->head;
	sched.runq.tail = chain->tail;
	sched.runq.count += chain->count;
	lock_put(&sched.lock);
}

/* Neither this nor the next is inlined: sched_ready() lies deep in goroutines'
 * stacks. */
__attribute__((noinline)) void sched_put_global_one(struct g *gp)
{
	struct gchain one = { gp, gp, 1 };

	sched_put_global(&one);
}

__attribute__((noinline)) void sched_put_last(struct p *pp, struct g *gp)
{
	struct gchain overflow = { 0 };

	runq_put(&pp->runq, gp, false, &overflow);
	sched_put_global(&overflow);
}

/* To PP, the caller's, before everything else there, or without one to the
 * global queue; and somebody is woken for it.  With a seed it goes first half
 * of the time only: orders that programs come to lean on are to change. */
static inline __attribute__((always_inline)) void
put(struct p *pp, struct g *gp)
{
	if (SELDOM(!pp)) {
		sched_put_global_one(gp);
		sched_wake();
		return;
	}
	if (!SELDOM(env.seeded) || dice(2))
		gp = runq_set_next(&pp->runq, gp);
	if (gp && SELDOM(!runq_put_tail(&pp->runq, gp)))
		sched_put_last(pp, gp);
	if (SELDOM(atomic_load_explicit(&sched.npidle, memory_order_relaxed)))
		sched_wake_for(pp);
}

static inline void unpark(struct g *gp)
{
	const struct g *me = m_on_g()->g;

	gp->woken_by = me ? me->id : 0;
	gtab_move(gp->row, G_WAITING | gp->reason << G_REASON_SHIFT,
		  G_RUNNABLE);
}

void sched_unpark(struct g *gp)
{
	times_note(gp, TIMES_BLOCKED, TIMES_READY);
	unpark(gp);
}

static inline __attribute__((always_inline)) void ready(struct g *gp)
{
	unpark(gp);
	put(p_get(), gp);
}

/* Not inlined, here and below: nothing is saved for them where times are not
 * kept. */
static __attribute__((noinline, cold)) void ready_timed(struct g *gp)
{
	times_change(gp, TIMES_BLOCKED, TIMES_READY);
	ready(gp);
}

void sched_ready(struct g *gp)
{
	if (times_are_kept())
		ready_timed(gp);
	else
		ready(gp);
}

void sched_ready_all(struct gchain *chain)
{
	for (struct g *gp = chain->head; gp; gp = gp->link)
		sched_unpark(gp);
	runq_put_chain(&p_get()->runq, chain);
	sched_put_global(chain);
	sched_wake();
}

/* GP is new.  PP: as for put(). */
static inline void make_runnable(struct p *pp, struct g *gp)
{
	if (pp)
		p_count(&pp->creates, 1);
	else
		atomic_fetch_add_explicit(&sched.creates, 1,
					  memory_order_relaxed);
	gp->runs = 0;
	gp->woken_by = 0;
	gp->since_ns = sched_now_ns();
	gtab_move(gp->row, G_IDLE, G_RUNNABLE);
}

static inline __attribute__((always_inline)) void start(struct g *gp)
{
	struct p *pp = p_get();

	make_runnable(pp, gp);
	put(pp, gp);
}

static __attribute__((noinline, cold)) void start_timed(struct g *gp)
{
	times_begin(gp);
	start(gp);
}

void sched_start(struct g *gp)
{
	if (times_are_kept())
		start_timed(gp);
	else
		start(gp);
}

/* Leaving ------------------------------------------------------------------ */

void sched_remember(struct g *gp)
{
	lock_get(&sched.trim_lock);
	gp->trim_link = sched.trim;
	sched.trim = gp;
	lock_put(&sched.trim_lock);
}

static void remember(struct g *gp)
{
	if (!atomic_load_explicit(&gp->on_trim, memory_order_relaxed) &&
	    !atomic_exchange_explicit(&gp->on_trim, 1, memory_order_relaxed))
		sched_remember(gp);
}

/* In a new epoch.  Whether a contiguous stack has spare pages costs a system
 * call: only for one that stands still, by sysmon. */
static void shrink(struct g *gp, uint32_t epoch)
{
	if (!seg_is_fixed(gp->base)) {
		g_shrink(gp, epoch);
		return;
	}
	gp->shrink_epoch = epoch;
	remember(gp);
}

/* What every goroutine passes on its way off an M. */
static void look_over(struct g *gp)
{
	uint32_t epoch = sched_shrink_epoch();

	if (!seg_is_whole(gp->cur))
		fatal_overrun(gp->cur);
	if (gp->shrink_epoch != epoch)
		shrink(gp, epoch);
	running_count(gp);
	times_note(gp, TIMES_RUN,
		   gp->leave == LEAVE_PARK ? TIMES_BLOCKED : TIMES_READY);
}

static void leave_park(struct g *gp)
{
	/* With spare segments, maybe for ever. */
	if (gp->cur->next)
		remember(gp);
	running_park(gp);
}

static void leave_yield(struct g *gp)
{
	struct p *pp = gp->leave == LEAVE_YIELD ? p_get() : NULL;

	running_to_runnable(gp);
	if (pp)
		sched_put_last(pp, gp);
	else
		sched_put_global_one(gp);
}

static void leave_dead(struct g *gp)
{
	bool over = gp->id == 1 && !gp->goexit;

	gp->cur = gp->base;
	gtab_move(gp->row, G_RUNNING, G_DEAD);
	sched_count_end(p_get());
	g_free(gp);
	if (over)
		sched_stop();
}

static void after_leave(struct g *gp)
{
	if (gp->leave == LEAVE_STOP)
		return;
	look_over(gp);
	switch (gp->leave) {
	case LEAVE_PARK:
		leave_park(gp);
		break;
	case LEAVE_DEAD:
		leave_dead(gp);
		break;
	default:
		leave_yield(gp);
	}
}

/* A thread that waits with its goroutine ----------------------------------- */

/* Sleeps until a scheduler hands M a P for GP.  False: the program is over,
 * and M is M0. */
static bool await_p(struct m *m, struct g *gp)
{
	while (!m->nextp) {
		note_wait(&m->note, -1);
		if (atomic_load(&sched.stopping) && m == sched.m0)
			return false;
	}
	lock_get(&sched.lock);
	sched_take_p(m, m->nextp);
	m->nextp = NULL;
	m->bound_g = gp->locks ? gp : NULL;
	lock_put(&sched.lock);
	return true;
}

/* In a callback. */
static void bound_sleep(struct m *m)
{
	struct g *gp = m->g;

	if (!await_p(m, gp))
		sched_leave(LEAVE_STOP);
	times_note(gp, TIMES_READY, TIMES_RUN);
	gtab_run(gp->row);
	running_note(m, gp);
}

static void give_p_away(struct m *m)
{
	struct p *pp = m->p;

	m->p = NULL;
	if (pp)
		sched_handoff(pp);
}

static void bind(struct m *m, struct g *gp)
{
	forked_check();
	if (m->insched && m->handlers)
		fatal_throw("a signal handler that interrupted goroutine code "
			    "cannot wait");
	lock_get(&sched.lock);
	gp->bound = m;
	m->bound_g = gp;
	give_p_away(m);
	lock_put(&sched.lock);
}

/*
 * From here on the thread counts as asleep, unless its goroutine was run
 * already.  Not before: until the goroutine is where others find it, this
 * thread is the one that goes on.
 */
static void count_asleep(struct m *m, struct g *gp)
{
	lock_get(&sched.lock);
	if (gp->bound == m) {
		m->bound_asleep = true;
		atomic_fetch_add(&sched.nbound, 1);
	}
	sched_check_dead();
	lock_put(&sched.lock);
}

/* A frame of its own, for who looks at the callbacks below it. */
__attribute__((noinline)) void sched_park_bound(struct m *m, struct g *gp)
{
	m->bound_frame = __builtin_frame_address(0);
	bind(m, gp);
	running_count(gp);
	times_note(gp, TIMES_RUN, TIMES_BLOCKED);
	running_park(gp);
	count_asleep(m, gp);
	bound_sleep(m);
}

__attribute__((noinline)) void sched_yield_bound(struct m *m, struct g *gp)
{
	m->bound_frame = __builtin_frame_address(0);
	bind(m, gp);
	running_count(gp);
	times_note(gp, TIMES_RUN, TIMES_READY);
	running_to_runnable(gp);
	sched_put_global_one(gp);
	sched_wake();
	count_asleep(m, gp);
	bound_sleep(m);
}

void sched_back_from_c(struct m *m)
{
	for (;;) {
		m->csp = m->ctop;
		if (!m->attn)
			return;
		/* It cannot yield: its frames are on the thread's stack. */
		m->csp = NULL;
		if (!m_regain_p(m))
			sched_yield_bound(m, m->g);
	}
}

/* GP's thread sleeps with it: our P goes there. */
void sched_hand_to_bound(struct m *m, struct g *gp)
{
	struct m *to;

	lock_get(&sched.lock);
	to = gp->bound;
	gp->bound = NULL;
	/* Awake from here on, whenever it gets to run. */
	if (to->bound_asleep)
		atomic_fetch_sub(&sched.nbound, 1);
	to->bound_asleep = false;
	to->nextp = m->p;
	m->p = NULL;
	lock_put(&sched.lock);
	note_wake(&to->note);
}

/* The thread's side ------------------------------------------------------- */

/* Returns whom after_leave() is still to see, or NULL. */
static struct g *execute(struct m *m, struct g *gp)
{
	times_note(gp, TIMES_READY, TIMES_RUN);
	gtab_run(gp->row);
	running_begin(m, gp);
	fiber_to_g(m, gp);
	switch_to_g(m, gp);
	fiber_in_sched(m);
	gp = m->g;
	if (!gp)
		return NULL;
	if (gp->leave == LEAVE_PREEMPTED &&
	    atomic_load_explicit(&gp->preempt, memory_order_relaxed))
		sched_count_preempt(m->p);
	running_end(m, gp);
	return gp;
}

/* GP has locked M, which runs no other: it waits with GP off its stack, where
 * a callback's would wait on it.  False as await_p(). */
static bool wait_locked(struct m *m, struct g *gp)
{
	bind(m, gp);
	after_leave(gp);
	/* One that yields was queued after the P was given away. */
	sched_wake();
	count_asleep(m, gp);
	return await_p(m, gp);
}

/* M0 runs nobody any more. */
static void wait_for_end(struct m *m)
{
	lock_get(&sched.lock);
	atomic_fetch_add(&sched.nbound, 1);
	sched_check_dead();
	lock_put(&sched.lock);
	while (!atomic_load(&sched.stopping))
		note_wait(&m->note, -1);
}

/* GP has ended and left M locked.  Its thread may be what the goroutine has
 * made of it: nobody else's.  M0 alone has somewhere to go. */
static void end_locked(struct m *m, struct g *gp)
{
	gp->locks = 0;
	after_leave(gp);
	lock_get(&sched.lock);
	m->bound_g = NULL;
	give_p_away(m);
	lock_put(&sched.lock);
	if (m == sched.m0)
		wait_for_end(m);
}

/* False: this thread runs nobody ever again. */
static bool run(struct m *m, struct g *gp)
{
	gp = execute(m, gp);
	while (gp && gp->locks && gp->leave != LEAVE_STOP) {
		if (gp->leave == LEAVE_DEAD) {
			end_locked(m, gp);
			return false;
		}
		if (!wait_locked(m, gp))
			return false;
		gp = execute(m, gp);
	}
	if (gp)
		after_leave(gp);
	return true;
}

void sched_loop(struct m *m, struct g *first)
{
	struct g *gp = first;

	fiber_m_begin(m);
	if (first && times_are_kept())
		times_begin(first);
	if (first)
		make_runnable(m->p, first);
	while (gp || (gp = sched_find(m)) != NULL) {
		if (gp->bound)
			sched_hand_to_bound(m, gp);
		else if (!run(m, gp))
			return;
		gp = NULL;
	}
}
