/*
 * Lines about the scheduler.
 *
 * They are made under sched.lock, so that the Ps and Ms of one line belong
 * together, and put in a queue in memory.  From there they go to stderr in
 * pieces of whole lines, no longer than a pipe takes at once, and only when
 * poll(2) says it takes them now: O_NONBLOCK is not ours to set, since the
 * descriptor is shared with others.  A full queue costs lines, which are
 * counted; the first line that fits again comes after one that says so.
 *
 * The G lines of detail are read without stopping anybody.
 */
#include "runtime/schedtrace.h"

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "runtime/env.h"
#include "runtime/sched.h"
#include "runtime/sys.h"
#include "runtime/text.h"

enum {
	QUEUE_BYTES = 256 << 10,
	LINE_BYTES = 32 << 10,  /* two numbers for each of MAX_PROCS */
	NOTICE_BYTES = 80,
	RETRY_NS = 10000000,    /* to look again at a reader that was slow */
};

/* sysmon's, except where said. */
static struct {
	int64_t first_ns;               /* of the first line; 0: none yet */
	int64_t due_ns;
	int64_t retry_ns;               /* INT64_MAX: nothing is queued */
	uint64_t dropped;
	size_t n;                       /* bytes queued */
	char queue[QUEUE_BYTES];
	char line[LINE_BYTES];
} trace = { .retry_ns = INT64_MAX };

/* The queue ----------------------------------------------------------------- */

/* As much of the queue as is whole lines and fits in a pipe. */
static size_t piece(void)
{
	size_t n = trace.n < PIPE_BUF ? trace.n : PIPE_BUF;
	const char *end = memrchr(trace.queue, '\n', n);

	return end ? (size_t)(end + 1 - trace.queue) : n;
}

static bool can_write(void)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

	return sys_call(SYS_poll, &p, 1, 0, 0) == 1;
}

static void drain(int64_t now_ns)
{
	size_t at = 0;

	while (trace.n && can_write()) {
		long rc = sys_write(STDERR_FILENO, trace.queue, piece());

		if (rc < 0)
			break;
		at = (size_t)rc;
		trace.n -= at;
		memmove(trace.queue, trace.queue + at, trace.n);
	}
	trace.retry_ns = trace.n ? now_ns + RETRY_NS : INT64_MAX;
}

static void append(const char *s, size_t n)
{
	memcpy(trace.queue + trace.n, s, n);
	trace.n += n;
}

static void notice(void)
{
	char buf[NOTICE_BYTES];
	struct text t;

	text_begin(&t, -1, buf, sizeof(buf));
	text_puts(&t, "SCHED: ");
	text_int(&t, (int64_t)trace.dropped);
	text_puts(&t, " lines dropped, stderr was not read\n");
	append(t.buf, t.n);
	trace.dropped = 0;
}

/* The end of a line: to the descriptor, or to the queue. */
static void end_line(struct text *t)
{
	text_puts(t, "\n");
	if (t->fd >= 0)
		return;
	if (t->n + NOTICE_BYTES > sizeof(trace.queue) - trace.n) {
		trace.dropped++;
	} else {
		if (trace.dropped)
			notice();
		append(t->buf, t->n);
	}
	t->n = 0;
	t->error = 0;
}

/* The lines ------------------------------------------------------------------ */

static void put_counts(struct text *t, int64_t now_ns)
{
	text_puts(t, "SCHED ");
	text_int(t, (now_ns - trace.first_ns) / 1000000);
	text_puts(t, "ms: gomaxprocs=");
	text_int(t, sched.gomaxprocs);
	text_field(t, "idleprocs", atomic_load(&sched.npidle));
	text_field(t, "threads", (int64_t)sched.nm + 1);   /* and sysmon */
	text_field(t, "spinningthreads", atomic_load(&sched.nspinning));
	text_field(t, "needspinning", atomic_load(&sched.needspinning));
	text_field(t, "idlethreads", atomic_load(&sched.nmidle));
	text_field(t, "runqueue", sched.runq.count);
}

static void put_gs(struct text *t)
{
	if (!env.sched_gs)
		return;
	text_field(t, "gcount", atomic_load(&sched.live));
	text_field(t, "stackinuse", (int64_t)seg_inuse_bytes());
}

static int64_t tick_of(struct p *pp)
{
	return atomic_load_explicit(&pp->tick, memory_order_relaxed);
}

static void put_ps(struct text *t)
{
	text_puts(t, " [");
	for (int i = 0; i < sched.gomaxprocs; i++) {
		text_puts(t, " ");
		text_int(t, runq_length(&sched.ps[i].runq));
	}
	text_puts(t, " ] schedticks=[");
	for (int i = 0; i < sched.gomaxprocs; i++) {
		text_puts(t, " ");
		text_int(t, tick_of(&sched.ps[i]));
	}
	text_puts(t, " ]");
}

/* " NAME=" and a number, or nil below 0. */
static void put_id(struct text *t, const char *name, int64_t id)
{
	if (id >= 0) {
		text_field(t, name, id);
		return;
	}
	text_puts(t, " ");
	text_puts(t, name);
	text_puts(t, "=nil");
}

static int64_t m_id(const struct m *m)
{
	return m ? (int64_t)m->id : -1;
}

static int64_t g_id(const struct g *gp)
{
	return gp ? gp->id : -1;
}

static void put_p_detail(struct text *t, struct p *pp)
{
	text_puts(t, "  P");
	text_int(t, pp->id);
	text_puts(t, ":");
	text_field(t, "status", atomic_load(&pp->state));
	text_field(t, "schedtick", tick_of(pp));
	text_field(t, "syscalltick", atomic_load(&pp->handoffs));
	put_id(t, "m", m_id(pp->m));
	text_field(t, "runqsize", runq_length(&pp->runq));
	text_field(t, "gfreecnt", pp->gfree_count);
	/* The timers are in one heap, no P has any. */
	text_field(t, "timerslen", 0);
	end_line(t);
}

static void put_m_detail(struct text *t, struct m *m)
{
	struct p *pp = m->p;

	text_puts(t, "  M");
	text_int(t, m->id);
	text_puts(t, ":");
	put_id(t, "p", pp ? pp->id : -1);
	put_id(t, "curg", g_id(m->g));
	text_puts(t, " mallocing=0 throwing=0 preemptoff= locks=0 dying=0"
		     " spinning=");
	text_puts(t, m->spinning ? "true" : "false");
	text_puts(t, " blocked=");
	text_puts(t, m->blocked ? "true" : "false");
	put_id(t, "lockedg", g_id(m->bound_g));
	end_line(t);
}

static void put_g_detail(struct text *t, uint32_t slot)
{
	uint32_t status = atomic_load(&gtab_row(slot)->status);
	const struct g *gp = gtab_g(slot);
	const struct m *m = gp->m;
	unsigned state = gtab_state(status);

	if (state == G_IDLE)
		return;
	if (state == G_RUNNING && m && !m->csp && !m->insched)
		state = G_SYSCALL;
	text_puts(t, "  G");
	text_int(t, gp->id);
	text_puts(t, ":");
	text_field(t, "status", state);
	text_puts(t, "(");
	text_puts(t, reason_text(gtab_reason(status)));
	text_puts(t, ")");
	put_id(t, "m", m_id(m));
	put_id(t, "lockedm", m_id(gp->bound));
	end_line(t);
}

static void put_detail_counts(struct text *t)
{
	text_puts(t, " gcwaiting=false");
	text_field(t, "nmidlelocked", atomic_load(&sched.nbound));
	text_puts(t, " stopwait=0 sysmonwait=false");
	put_gs(t);
	end_line(t);
}

/* sched.lock held, unless the program is dying. */
static void put_ps_ms_detail(struct text *t)
{
	struct m *m = atomic_load_explicit(&sched.allm, memory_order_acquire);

	for (int i = 0; i < sched.gomaxprocs; i++)
		put_p_detail(t, &sched.ps[i]);
	for (; m; m = m->alllink)
		put_m_detail(t, m);
}

static void put_gs_detail(struct text *t)
{
	uint32_t n = gtab_count();

	for (uint32_t slot = 0; slot < n; slot++)
		put_g_detail(t, slot);
}

/* When ----------------------------------------------------------------------- */

static void make_lines(int64_t now_ns)
{
	struct text t;

	text_begin(&t, -1, trace.line, sizeof(trace.line));
	lock_get(&sched.lock);
	put_counts(&t, now_ns);
	if (env.scheddetail) {
		put_detail_counts(&t);
		put_ps_ms_detail(&t);
	} else {
		put_ps(&t);
		put_gs(&t);
		end_line(&t);
	}
	lock_put(&sched.lock);
	if (env.scheddetail)
		put_gs_detail(&t);
}

int64_t schedtrace_next_ns(void)
{
	if (!env.schedtrace_ms)
		return INT64_MAX;
	return trace.due_ns < trace.retry_ns ? trace.due_ns : trace.retry_ns;
}

void schedtrace_tick(int64_t now_ns)
{
	int64_t period_ns = env.schedtrace_ms * INT64_C(1000000);

	if (!period_ns)
		return;
	if (!trace.first_ns) {
		trace.first_ns = now_ns;
		trace.due_ns = now_ns;
	}
	if (now_ns >= trace.due_ns) {
		/* By the clock, so that lateness does not add up. */
		while (trace.due_ns <= now_ns)
			trace.due_ns += period_ns;
		make_lines(now_ns);
		drain(now_ns);
	} else if (now_ns >= trace.retry_ns) {
		drain(now_ns);
	}
}

void schedtrace_write(struct text *t)
{
	bool locked = lock_try(&sched.lock);
	int64_t now_ns = clock_mono_ns();

	if (!trace.first_ns)
		trace.first_ns = now_ns;
	put_counts(t, now_ns);
	put_detail_counts(t);
	put_ps_ms_detail(t);
	put_gs_detail(t);
	if (locked)
		lock_put(&sched.lock);
}
