/*
 * Goroutines in C: how others get at their Ps and stacks, and how they come
 * back.  The protocol is told in runtime/m.h.
 *
 * Whoever wants something of a thread in C sets attn, issues a barrier on all
 * threads, and looks at csp.  Zero: the thread is in C, and its way out leads
 * through m_leave_c_slowly().  Compiled for general registers only, because a
 * C function's floating-point results are live here.
 */
#include "runtime/barrier.h"
#include "runtime/sched.h"

/* sched.lock held.  The P it had, when that is still idle: its caches are
 * warm. */
static bool get_p_back(struct m *m)
{
	struct p **at = &sched.pidle;

	while (*at && *at != m->oldp)
		at = &(*at)->link;
	if (*at && at != &sched.pidle) {
		struct p *pp = *at;

		*at = pp->link;
		pp->link = sched.pidle;
		sched.pidle = pp;
	}
	if (!sched.pidle)
		return false;
	sched_take_p(m, sched_pidle_get());
	return true;
}

bool m_regain_p(struct m *m)
{
	bool has_p;

	lock_get(&sched.lock);
	m->attn = 0;
	has_p = m->p || get_p_back(m);
	lock_put(&sched.lock);
	/* attn is 0 before anything is looked at: who sets it after that look
	 * must not lose it to a store that was still on its way. */
	atomic_thread_fence(memory_order_seq_cst);
	/* Acquire: the reader is done with our stack.  Pairs with
	 * m_end_scan(). */
	while (atomic_load_explicit(&m->scanning, memory_order_acquire))
		__builtin_ia32_pause();
	return has_p;
}

void *m_leave_c_slowly(struct m *m)
{
	struct g *gp = m->g;

	if (m_regain_p(m) &&
	    !atomic_load_explicit(&gp->preempt, memory_order_relaxed) &&
	    !atomic_load_explicit(&sched.stopping, memory_order_relaxed))
		return NULL;
	return g_vec(gp);
}

/* sched.lock held, attn set: M, in C, goes on without its P. */
static void hand_off(struct m *m)
{
	struct p *pp = m->p;

	m->p = NULL;
	m->oldp = pp;
	atomic_fetch_add_explicit(&pp->handoffs, 1, memory_order_relaxed);
	sched_handoff(pp);
}

void m_give_p(struct m *m)
{
	lock_get(&sched.lock);
	/* Its own way out comes after this: no barrier. */
	if (m->p) {
		m->attn = 1;
		hand_off(m);
	}
	lock_put(&sched.lock);
}

bool m_retake(struct m *m)
{
	uint64_t switches = m->switches;
	bool stays = false;

	lock_get(&sched.lock);
	if (m->p && m_is_in_c(m)) {
		m->attn = 1;
		/* Without the barrier it may be on its way out already. */
		stays = barrier_all() && m_is_in_c(m) &&
			m->switches == switches;
	}
	if (stays) {
		atomic_fetch_add_explicit(&m->p->retakes, 1,
					  memory_order_relaxed);
		hand_off(m);
	}
	lock_put(&sched.lock);
	return stays;
}

bool m_begin_scan(struct m *m, const struct g *gp)
{
	uint32_t nobody = 0;

	if (!m_is_in_c(m) || m->g != gp ||
	    !atomic_compare_exchange_strong(&m->scanning, &nobody, 1))
		return false;
	m->attn = 1;
	if (barrier_all() && m_is_in_c(m) && m->g == gp)
		return true;
	m_end_scan(m);
	return false;
}

void m_end_scan(struct m *m)
{
	atomic_store_explicit(&m->scanning, 0, memory_order_release);
}
