/*
 * The functions behind pgo_view_1.
 *
 * A goroutine that nobody runs is claimed (gtab.h); one in C is held there by
 * m_begin_scan(); one that runs is asked by a signal.  Each takes
 * microseconds, and everyone else goes on.  Between looking at a state and
 * claiming it the goroutine may move on: then the look begins again.
 */
#include "runtime/view.h"

#include <errno.h>
#include <string.h>

#include "lib/base/clock.h"
#include "runtime/cpuprof.h"
#include "runtime/heapprof.h"
#include "runtime/layout.h"
#include "runtime/names.h"
#include "runtime/net/netpoll.h"
#include "runtime/preempt.h"
#include "runtime/probe.h"
#include "runtime/procs.h"
#include "runtime/sched.h"
#include "runtime/stackwalk.h"
#include "runtime/sys.h"
#include "runtime/times.h"

enum { TRIES = 200 };

/* Both are Go's numbers. */
#define SAME(name) \
	_Static_assert((int)VIEW_##name == (int)G_##name, #name)

SAME(IDLE);
SAME(RUNNABLE);
SAME(RUNNING);
SAME(SYSCALL);
SAME(WAITING);
SAME(DEAD);

static bool view_row(uint32_t slot, struct view_row *out)
{
	const struct gtab_row *row;
	uint32_t status;

	if (slot >= gtab_count())
		return false;
	row = gtab_row(slot);
	status = atomic_load_explicit(&row->status, memory_order_relaxed);
	out->parks = atomic_load_explicit(&row->parks, memory_order_relaxed);
	out->state = (uint8_t)gtab_state(status);
	out->reason = (uint8_t)gtab_reason(status);
	return true;
}

/* One goroutine ------------------------------------------------------------ */

/* What may be read at any time: words that only the owner writes. */
static void copy_words(const struct g *gp, uint32_t status,
		       struct view_g *out)
{
	const struct m *m = gp->m;

	out->id = gp->id;
	out->parent_id = gp->parent_id;
	/* Goroutine 1 was begun by the program as a whole. */
	out->created_pc = gp->id == 1 ? 0 : gp->created_pc;
	out->entry_pc = (uintptr_t)gp->fn;
	out->since_ns = gp->since_ns;
	out->wait_on = (uintptr_t)gp->wait_on;
	out->stack_bytes = gp->stack_bytes;
	out->stack_peak = gp->stack_peak;
	out->enters = gp->enters;
	out->grows = gp->grows;
	out->shrinks = gp->shrinks;
	out->parks = gp->row->parks;
	out->state = (uint8_t)gtab_state(status);
	out->reason = (uint8_t)gtab_reason(status);
	out->bound = gp->bound || gp->locks;
	out->m = m ? (int32_t)m->id : -1;
	out->p = m && m->p ? m->p->id : -1;
	if (out->state != VIEW_WAITING)
		out->wait_on = 0;
}

/* What needs the stack to stand still.  SP: how deep it is. */
static void copy_segments(const struct g *gp, uintptr_t sp,
			  struct view_g *out)
{
	const struct seg *s;

	for (s = gp->base; s; s = s->next)
		out->segments++;
	if (seg_holds(gp->cur, sp))
		out->stack_used = (uintptr_t)gp->cur - sp;
	for (s = gp->cur->prev; s; s = s->prev)
		out->stack_used += s->bytes;
	/* Of a contiguous stack what was touched is known now and then. */
	if (out->stack_bytes < out->stack_used)
		out->stack_bytes = out->stack_used;
	if (out->stack_peak < out->stack_used)
		out->stack_peak = out->stack_used;
}

static int copy_parked(struct g *gp, uint32_t status, struct view_g *out,
		       struct stackwalk *w)
{
	copy_words(gp, status, out);
	copy_segments(gp, (uintptr_t)gp->sp, out);
	stackwalk_parked(w, gp);
	gtab_end_scan((uint32_t)gp->slot);
	return (int)w->n;
}

static int copy_in_c(struct m *m, struct g *gp, uint32_t status,
		     struct view_g *out, struct stackwalk *w)
{
	copy_words(gp, status, out);
	out->state = VIEW_SYSCALL;
	copy_segments(gp, (uintptr_t)m->cfp, out);
	w->g = gp;
	stackwalk_in_c(w, m);
	m_end_scan(m);
	return (int)w->n;
}

static int copy_running(struct m *m, struct g *gp, uint32_t status,
			struct view_g *out, struct stackwalk *w)
{
	struct probe probe;

	copy_words(gp, status, out);
	probe_ask(m, gp, &probe);
	if (!probe.n)
		return -EAGAIN;
	out->segments = probe.segments;
	w->n = probe.n < w->max ? probe.n : w->max;
	memcpy(w->pcs, probe.pcs, w->n * sizeof(w->pcs[0]));
	return (int)w->n;
}

/* -EAGAIN: it moved while we looked. */
static int try_goroutine(uint32_t slot, struct view_g *out, uint64_t *pcs,
			 uint32_t max)
{
	struct stackwalk w = { .pcs = pcs, .max = max };
	struct g *gp = gtab_g(slot);
	uint32_t status = atomic_load(&gtab_row(slot)->status);
	struct m *m = gp->m;

	memset(out, 0, sizeof(*out));
	switch (gtab_state(status)) {
	case G_RUNNABLE:
	case G_WAITING:
		if (!gtab_begin_scan(slot, &status))
			return -EAGAIN;
		return copy_parked(gp, status, out, &w);
	case G_RUNNING:
		if (!m)
			return -EAGAIN;
		if (m_begin_scan(m, gp))
			return copy_in_c(m, gp, status, out, &w);
		return copy_running(m, gp, status, out, &w);
	default:
		return -ENOENT;
	}
}

/* How it parked or was preempted is the runtime's business: a stack begins
 * with what the program called. */
static int hide_runtime(uint64_t *pcs, int n)
{
	int first = 0;

	while (first < n && !names_is_shown(pcs[first] - (first > 0)))
		first++;
	if (first == 0 || first == n)
		return n;
	n -= first;
	memmove(pcs, pcs + first, (size_t)n * sizeof(pcs[0]));
	/* The leaf is taken as it is: into the call it goes. */
	pcs[0]--;
	return n;
}

static int view_goroutine(uint32_t slot, struct view_g *out, uint64_t *pcs,
			  uint32_t max)
{
	int rc = -EAGAIN;

	if (slot >= gtab_count())
		return -ENOENT;
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++) {
		rc = try_goroutine(slot, out, pcs, max);
		if (rc == -EAGAIN)
			sys_call(SYS_sched_yield, 0, 0, 0, 0);
	}
	if (rc > 0)
		return hide_runtime(pcs, rc);
	if (rc != -EAGAIN)
		return rc;
	out->torn = true;
	return 0;
}

/* OUT has room for BYTES: what a reader that is older does not know is left
 * out. */
static void copy_out(void *out, size_t bytes, const void *v, size_t v_bytes)
{
	memcpy(out, v, bytes < v_bytes ? bytes : v_bytes);
}

static bool view_life(uint32_t slot, struct view_life *out, size_t bytes)
{
	const struct g *gp;
	int64_t ns[TIMES_STATES] = { 0 };
	struct view_life life;
	bool has_times;

	if (slot >= gtab_count() ||
	    !gtab_is_alive(atomic_load(&gtab_row(slot)->status)))
		return false;
	gp = gtab_g(slot);
	has_times = times_read(gp, ns);
	life = (struct view_life){
		.id = gp->id,
		.runs = gp->runs,
		.woken_by = gp->woken_by,
		.last_p = gp->runs ? gp->last_p : -1,
		.has_times = has_times,
		.run_ns = ns[TIMES_RUN],
		.ready_ns = ns[TIMES_READY],
		.blocked_ns = ns[TIMES_BLOCKED],
	};
	copy_out(out, bytes, &life, sizeof(life));
	return true;
}

/* The scheduler ------------------------------------------------------------ */

static void view_sched(struct view_sched *out)
{
	memset(out, 0, sizeof(*out));
	out->now_ns = clock_mono_ns();
	out->start_ns = sched.start_ns;
	out->gomaxprocs = sched.gomaxprocs;
	lock_get(&sched.lock);
	out->idleprocs = atomic_load(&sched.npidle);
	out->threads = sched.nm + 1;            /* and sysmon */
	out->spinningthreads = atomic_load(&sched.nspinning);
	out->needspinning = atomic_load(&sched.want_m);
	out->idlethreads = atomic_load(&sched.nmidle);
	out->runqueue = sched.runq.count;
	out->bound = atomic_load(&sched.nbound);
	lock_put(&sched.lock);
	out->goroutines = atomic_load(&sched.live);
	out->stack_bytes = seg_inuse_bytes();
}

static bool view_p(uint32_t index, struct view_p *out)
{
	const struct p *pp;
	const struct m *m;

	if (index >= (uint32_t)sched.gomaxprocs)
		return false;
	pp = &sched.ps[index];
	m = pp->m;
	*out = (struct view_p){
		.id = pp->id,
		.status = (int32_t)atomic_load(&pp->state),
		.m = m ? (int32_t)m->id : -1,
		.runq = runq_length(&pp->runq),
		.tick = atomic_load(&pp->tick),
		.handoffs = atomic_load(&pp->handoffs),
		.steals = atomic_load(&pp->steals),
	};
	return true;
}

static void add_counts(struct view_counts *to, struct p *pp)
{
	to->creates += atomic_load(&pp->creates);
	to->exits += atomic_load(&pp->exits);
	to->steals += atomic_load(&pp->steals);
	to->handoffs += atomic_load(&pp->handoffs);
	to->retakes += atomic_load(&pp->retakes);
	to->preempts += atomic_load(&pp->preempts);
}

static bool view_counts(int32_t index, struct view_counts *out, size_t bytes)
{
	struct view_counts counts = { 0 };
	int32_t n = procs_ever();

	if (index >= n)
		return false;
	if (index >= 0) {
		add_counts(&counts, &sched.ps[index]);
	} else {
		for (int32_t i = 0; i < n; i++)
			add_counts(&counts, &sched.ps[i]);
		counts.creates += atomic_load(&sched.creates);
	}
	copy_out(out, bytes, &counts, sizeof(counts));
	return true;
}

static void copy_m(const struct m *m, struct view_m *out)
{
	const struct g *gp = m->g;
	const struct p *pp = m->p;

	*out = (struct view_m){
		.id = m->id,
		.tid = m->tid,
		.p = pp ? pp->id : -1,
		.g = gp ? gp->id : 0,
		.switches = m->switches,
		.calls = m->calls,
		.spinning = m->spinning,
		.in_c = gp && !m->csp && !m->insched,
		.bound = m->bound_g != NULL,
	};
}

static uint32_t view_ms(struct view_m *out, uint32_t max)
{
	const struct m *m = atomic_load(&sched.allm);
	uint32_t n = 0;

	for (; m; m = m->alllink) {
		if (!m->tid)
			continue;
		if (n < max)
			copy_m(m, &out[n]);
		n++;
	}
	return n;
}

/* The rest ----------------------------------------------------------------- */

static int view_cpu_end(void (*each)(void *ctx, const uint64_t *pcs, size_t n,
				     uint64_t samples),
			void *ctx, struct view_losses *losses)
{
	struct cpuprof_losses l = { 0 };
	int rc = cpuprof_end(each, ctx, &l);

	*losses = (struct view_losses){ l.ring_full, l.no_thread, l.no_room };
	return rc;
}

static void view_threads_add(int n)
{
	atomic_fetch_add(&sched.runtime_threads, (uint32_t)n);
}

const struct view pgo_view_1 = {
	.size = sizeof(struct view),
	.version = VIEW_VERSION,
	.slots = gtab_count,
	.row = view_row,
	.goroutine = view_goroutine,
	.reason = reason_text,
	.sched = view_sched,
	.p = view_p,
	.ms = view_ms,
	.cpu_begin = cpuprof_begin,
	.cpu_end = view_cpu_end,
	.threads_add = view_threads_add,
	.set_agent_address = layout_set_agent,
	.heap_rate = heapprof_rate,
	.heap = heapprof_get,
	.async_preempts = preempt_count,
	.netpoll_wakes = netpoll_wakes,
	.counts = view_counts,
	.life = view_life,
	.keep_times = times_keep,
};
