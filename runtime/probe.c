#include "runtime/probe.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/base/clock.h"
#include "runtime/m.h"
#include "runtime/sys.h"

enum { PATIENCE_NS = 10000000 };

/* ask.m while the handler is at work. */
#define ANSWERING ((struct m *)1)

static struct {
	struct lock lock;               /* who asks: one at a time */
	_Atomic(struct m *) m;          /* who is asked; NULL: nobody */
	const struct g *g;              /* constant while somebody is asked */
	struct note answered;
	struct probe probe;             /* the handler fills it */
} ask;

static uint32_t count_segments(const struct g *gp)
{
	uint32_t n = 0;

	for (const struct seg *s = gp->base; s; s = s->next)
		n++;
	return n;
}

void probe_answer(const ucontext_t *uc)
{
	struct m *m = m_get();
	struct m *asked = m;
	uint64_t tag;

	if (!m || !atomic_compare_exchange_strong(&ask.m, &asked, ANSWERING))
		return;
	if (m->g == ask.g && !m->insched) {
		ask.probe.n = cpustack_take(m, uc, ask.probe.pcs,
					    sizeof(ask.probe.pcs) / 8, &tag);
		if (ask.probe.n > sizeof(ask.probe.pcs) / 8)
			ask.probe.n = sizeof(ask.probe.pcs) / 8;
		ask.probe.segments = count_segments(m->g);
	}
	note_wake(&ask.answered);
}

void probe_ask(struct m *m, const struct g *gp, struct probe *out)
{
	struct m *still = m;

	lock_get(&ask.lock);
	ask.g = gp;
	ask.probe.n = 0;
	ask.probe.segments = 0;
	atomic_store(&ask.m, m);
	/* Its handler is the one that restarts system calls: the program must
	 * not see EINTR for being looked at as it went into one. */
	sys_call(SYS_tgkill, sys_getpid(), m->tid, SIGPROF, 0);
	if (!note_wait(&ask.answered, clock_mono_ns() + PATIENCE_NS) &&
	    !atomic_compare_exchange_strong(&ask.m, &still, NULL))
		note_wait(&ask.answered, -1);   /* it has just begun */
	atomic_store(&ask.m, NULL);
	out->n = ask.probe.n;
	out->segments = ask.probe.segments;
	memcpy(out->pcs, ask.probe.pcs, out->n * sizeof(out->pcs[0]));
	lock_put(&ask.lock);
}
