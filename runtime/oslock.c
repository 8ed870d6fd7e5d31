/*
 * A goroutine's claim to its thread.  What follows from it when the goroutine
 * leaves its M is in sched.c.
 */
#include <pgo/go.h>

#include "runtime/sched.h"

/* Readers look for it at any time; the scheduler writes it too. */
static void tie(struct m *m, struct g *gp)
{
	lock_get(&sched.lock);
	m->bound_g = gp;
	lock_put(&sched.lock);
}

void pgo_lock_os_thread(void)
{
	struct m *m = m_get();

	if (m && m->g && !m->g->locks++)
		tie(m, m->g);
}

void pgo_unlock_os_thread(void)
{
	struct m *m = m_get();

	if (m && m->g && m->g->locks && !--m->g->locks)
		tie(m, NULL);
}
