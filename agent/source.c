/* Copies what the runtime shows into what is served. */
#include "agent/source.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/heap.h"
#include "agent/names.h"
#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "runtime/view.h"

enum { CMDLINE_MAX = 4 << 20 };

static const struct view *view;

static struct {
	pthread_mutex_t lock;
	struct serve_losses sum;        /* of all profiles so far */
} losses = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Goroutines --------------------------------------------------------------- */

static uint32_t slots(void *ctx)
{
	(void)ctx;
	return view->slots();
}

static void copy_g(struct serve_g *out, const struct view_g *g)
{
	int64_t since_ns = clock_mono_ns() - g->since_ns;

	*out = (struct serve_g){
		.id = g->id,
		.parent_id = g->parent_id,
		.created_pc = g->created_pc,
		.entry_pc = g->entry_pc,
		.since_ns = g->since_ns && since_ns > 0 ? since_ns : 0,
		.wait_on = g->wait_on,
		.stack_bytes = g->stack_bytes,
		.stack_used = g->stack_used,
		.enters = g->enters,
		.segments = g->segments,
		.grows = g->grows,
		.shrinks = g->shrinks,
		.parks = g->parks,
		.m = g->m,
		.p = g->p,
		.state = (enum serve_state)g->state,
		.reason = g->state == VIEW_WAITING ? view->reason(g->reason) :
						     "",
		.torn = g->torn,
	};
}

static int goroutine(void *ctx, uint32_t slot, struct serve_g *out,
		     uint64_t *pcs, uint32_t max)
{
	struct view_g g;
	int n;

	(void)ctx;
	n = view->goroutine(slot, &g, pcs, max);
	if (n < 0)
		return n;
	if (g.state == VIEW_IDLE || g.state == VIEW_DEAD)
		return -ENOENT;
	copy_g(out, &g);
	return n;
}

static bool life(void *ctx, uint32_t slot, int64_t id, struct serve_life *out)
{
	struct view_life l = { 0 };

	(void)ctx;
	/* The slot may be another's by now. */
	if (view->size <= offsetof(struct view, life) ||
	    !view->life(slot, &l, sizeof(l)) || l.id != id)
		return false;
	*out = (struct serve_life){
		.runs = l.runs,
		.woken_by = l.woken_by,
		.last_p = l.last_p,
		.has_times = l.has_times,
		.run_ns = l.run_ns,
		.ready_ns = l.ready_ns,
		.blocked_ns = l.blocked_ns,
	};
	return true;
}

static void keep_times(void *ctx, int64_t ns)
{
	(void)ctx;
	if (view->size > offsetof(struct view, keep_times))
		view->keep_times(ns);
}

/* Scheduler ---------------------------------------------------------------- */

static void sched(void *ctx, struct serve_sched *out)
{
	struct view_sched s;

	(void)ctx;
	view->sched(&s);
	*out = (struct serve_sched){
		.uptime_ns = s.now_ns - s.start_ns,
		.gomaxprocs = s.gomaxprocs,
		.idleprocs = s.idleprocs,
		.threads = s.threads,
		.spinningthreads = s.spinningthreads,
		.needspinning = s.needspinning,
		.idlethreads = s.idlethreads,
		.runqueue = s.runqueue,
		.bound = s.bound,
		.goroutines = s.goroutines,
		.stack_bytes = s.stack_bytes,
		.async_preempts = SERVE_UNKNOWN,
		.netpoll_wakes = SERVE_UNKNOWN,
	};
	if (view->size > offsetof(struct view, async_preempts))
		out->async_preempts = view->async_preempts();
	if (view->size > offsetof(struct view, netpoll_wakes))
		out->netpoll_wakes = view->netpoll_wakes();
}

static bool one_p(void *ctx, uint32_t index, struct serve_p *out)
{
	struct view_p p;

	(void)ctx;
	if (!view->p(index, &p))
		return false;
	*out = (struct serve_p){
		.id = p.id,
		.status = p.status,
		.m = p.m,
		.runq = p.runq,
		.tick = p.tick,
		.handoffs = p.handoffs,
		.steals = p.steals,
	};
	return true;
}

static bool counts(void *ctx, int32_t index, struct serve_counts *out)
{
	struct view_counts c = { 0 };

	(void)ctx;
	if (view->size <= offsetof(struct view, counts) ||
	    !view->counts(index, &c, sizeof(c)))
		return false;
	*out = (struct serve_counts){
		.creates = c.creates,
		.exits = c.exits,
		.steals = c.steals,
		.handoffs = c.handoffs,
		.retakes = c.retakes,
		.preempts = c.preempts,
	};
	return true;
}

static void copy_m(struct serve_m *out, const struct view_m *m)
{
	*out = (struct serve_m){
		.id = m->id,
		.tid = m->tid,
		.p = m->p,
		.g = m->g,
		.switches = m->switches,
		.calls = m->calls,
		.spinning = m->spinning,
		.in_c = m->in_c,
		.bound = m->bound,
	};
}

static uint32_t ms(void *ctx, struct serve_m *out, uint32_t max)
{
	struct view_m *copy = max ? calloc(max, sizeof(*copy)) : NULL;
	uint32_t n = view->ms(copy, copy ? max : 0);

	(void)ctx;
	for (uint32_t i = 0; i < n && i < max && copy; i++)
		copy_m(&out[i], &copy[i]);
	free(copy);
	return n;
}

/* CPU profile -------------------------------------------------------------- */

static int cpu_begin(void *ctx, int hz, struct err *e)
{
	(void)ctx;
	(void)e;
	return view->cpu_begin(hz);
}

struct samples_to {
	void (*each)(void *ctx, const struct serve_sample *s);
	void *ctx;
};

static void add_samples(void *ctx, const uint64_t *pcs, size_t n,
			uint64_t samples)
{
	const struct samples_to *to = ctx;

	to->each(to->ctx, &(struct serve_sample){ .pcs = pcs, .n = n,
						  .samples = samples });
}

static int cpu_end(void *ctx,
		   void (*each)(void *each_ctx, const struct serve_sample *s),
		   void *each_ctx)
{
	struct samples_to to = { each, each_ctx };
	struct view_losses lost = { 0 };
	int rc = view->cpu_end(add_samples, &to, &lost);

	(void)ctx;
	pthread_mutex_lock(&losses.lock);
	losses.sum.ring_full += lost.ring_full;
	losses.sum.no_thread += lost.no_thread;
	losses.sum.no_room += lost.no_room;
	pthread_mutex_unlock(&losses.lock);
	return rc;
}

static int heap(void *ctx, bool allocs, struct buf *out, struct err *e)
{
	(void)ctx;
	return heap_write(view, allocs, out, e);
}

static void all_losses(void *ctx, struct serve_losses *out)
{
	(void)ctx;
	pthread_mutex_lock(&losses.lock);
	*out = losses.sum;
	pthread_mutex_unlock(&losses.lock);
}

/* Names -------------------------------------------------------------------- */

static const char *names(void *ctx)
{
	(void)ctx;
	return names_source();
}

static size_t frames(void *ctx, uint64_t pc, const struct serve_frame **out)
{
	(void)ctx;
	return names_frames(pc, out);
}

static bool mapping(void *ctx, uint32_t index, struct serve_mapping *out)
{
	(void)ctx;
	return names_mapping(index, out);
}

static int cmdline(void *ctx, struct buf *out)
{
	(void)ctx;
	return fd_slurp("/proc/thread-self/cmdline", out, CMDLINE_MAX, NULL);
}

const struct provider *source_setup(const struct view *v)
{
	static char exe[PATH_MAX];
	static struct provider p = {
		.exe = exe,
		.kind = "agent",
		.names = names,
		.slots = slots,
		.goroutine = goroutine,
		.sched = sched,
		.p = one_p,
		.counts = counts,
		.life = life,
		.keep_times = keep_times,
		.ms = ms,
		.cpu_begin = cpu_begin,
		.cpu_end = cpu_end,
		.losses = all_losses,
		.frames = frames,
		.mapping = mapping,
		.cmdline = cmdline,
	};
	ssize_t n;

	/* Programs built before it had a heap profile have what is before. */
	if (v->version != VIEW_VERSION ||
	    v->size < offsetof(struct view, heap_rate))
		return NULL;
	view = v;
	p.heap = v->size > offsetof(struct view, heap) ? heap : NULL;
	n = readlink("/proc/thread-self/exe", exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = 0;
	p.pid = getpid();
	return &p;
}
