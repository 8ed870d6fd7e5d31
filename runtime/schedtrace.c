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
#include "lib/wire/schedtrace.h"
#include "runtime/env.h"
#include "runtime/sched.h"
#include "runtime/sys.h"

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
	struct text_room room;          /* the line being made, in line[] */
	char line[LINE_BYTES];
	uint32_t runqs[MAX_PROCS];
	uint32_t ticks[MAX_PROCS];
} trace = {
	.retry_ns = INT64_MAX,
	.room = { trace.line, LINE_BYTES, 0 },
};

/* The queue --------------------------------------------------------------- */

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
	while (trace.n && can_write()) {
		long rc = sys_write(STDERR_FILENO, trace.queue, piece());

		if (rc < 0)
			break;
		trace.n -= (size_t)rc;
		memmove(trace.queue, trace.queue + rc, trace.n);
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
	struct text_room room = { .p = buf, .bytes = sizeof(buf) };
	struct text_sink t = { text_room_put, &room };

	text_put(&t, "SCHED: ");
	text_uint(&t, trace.dropped);
	text_put(&t, " lines dropped, stderr was not read\n");
	append(buf, room.len);
	trace.dropped = 0;
}

static void end_line(void)
{
	size_t n = trace.room.len;

	if (n > sizeof(trace.line) ||
	    n + NOTICE_BYTES > sizeof(trace.queue) - trace.n) {
		trace.dropped++;
	} else {
		if (trace.dropped)
			notice();
		append(trace.line, n);
	}
	trace.room.len = 0;
}

/* A sink: a line is queued as a whole when its end comes. */
static void queue_put(void *ctx, const char *p, size_t n)
{
	text_room_put(ctx, p, n);
	if (n && p[n - 1] == '\n')
		end_line();
}

/* The lines --------------------------------------------------------------- */

static uint32_t tick_of(struct p *pp)
{
	return atomic_load_explicit(&pp->tick, memory_order_relaxed);
}

/* A program that dies at once may do so before sysmon's first line. */
static uint64_t since_first_ms(int64_t now_ns)
{
	int64_t first_ns = __atomic_load_n(&trace.first_ns, __ATOMIC_RELAXED);

	if (!first_ns || now_ns < first_ns)
		return 0;
	return (uint64_t)(now_ns - first_ns) / 1000000;
}

static void fill_line(struct sched_line *l, int64_t now_ns)
{
	*l = (struct sched_line){
		.ms = since_first_ms(now_ns),
		.gomaxprocs = (uint32_t)sched.gomaxprocs,
		.idleprocs = atomic_load(&sched.npidle),
		.threads = sched.nm + 1,        /* and sysmon */
		.spinningthreads = atomic_load(&sched.nspinning),
		.needspinning = atomic_load(&sched.want_m),
		.idlethreads = atomic_load(&sched.nmidle),
		.runqueue = sched.runq.count,
		.nruns = (uint32_t)sched.gomaxprocs,
		.runqs = trace.runqs,
		.schedticks = trace.ticks,
		.has_gs = env.sched_gs,
	};
	for (uint32_t i = 0; i < l->nruns; i++) {
		trace.runqs[i] = runq_length(&sched.ps[i].runq);
		trace.ticks[i] = tick_of(&sched.ps[i]);
	}
	if (!env.sched_gs)
		return;
	l->gcount = (uint64_t)atomic_load(&sched.live);
	l->stackinuse = seg_inuse_bytes();
}

static int64_t m_id(const struct m *m)
{
	return m ? (int64_t)m->id : SCHED_NIL;
}

static int64_t g_id(const struct g *gp)
{
	return gp ? gp->id : SCHED_NIL;
}

static void put_p(const struct text_sink *t, struct p *pp)
{
	struct sched_p row = {
		.id = (uint32_t)pp->id,
		.status = atomic_load(&pp->state),
		.schedtick = tick_of(pp),
		.syscalltick = atomic_load(&pp->handoffs),
		.m = m_id(pp->m),
		.runqsize = runq_length(&pp->runq),
		.gfreecnt = pp->gfree_count,
		.timerslen = 0,         /* they are in one heap, no P's */
	};

	sched_p_put(t, &row);
}

static void put_m(const struct text_sink *t, struct m *m)
{
	const struct p *pp = m->p;
	struct sched_m row = {
		.id = m->id,
		.p = pp ? pp->id : SCHED_NIL,
		.curg = g_id(m->g),
		.preemptoff = "",
		.spinning = m->spinning,
		.blocked = m->blocked,
		.lockedg = g_id(m->bound_g),
	};

	sched_m_put(t, &row);
}

static void put_g(const struct text_sink *t, uint32_t slot)
{
	uint32_t status = atomic_load(&gtab_row(slot)->status);
	const struct g *gp = gtab_g(slot);
	const struct m *m = gp->m;
	struct sched_g row = {
		.id = (uint64_t)gp->id,
		.status = gtab_state(status),
		.reason = reason_text(gtab_reason(status)),
		.m = m_id(m),
		.lockedm = m_id(gp->locks && m ? m : gp->bound),
	};

	if (row.status == G_IDLE)
		return;
	if (row.status == G_RUNNING && m && !m->csp && !m->insched)
		row.status = G_SYSCALL;
	sched_g_put(t, &row);
}

/* sched.lock held, unless the program is dying. */
static void put_head_ps_ms(const struct text_sink *t, int64_t now_ns)
{
	struct m *m = atomic_load_explicit(&sched.allm, memory_order_acquire);
	struct sched_detail d = {
		.nmidlelocked = atomic_load(&sched.nbound),
	};
	struct sched_line l;

	fill_line(&l, now_ns);
	sched_head_put(t, &l, &d);
	for (int i = 0; i < sched.gomaxprocs; i++)
		put_p(t, &sched.ps[i]);
	for (; m; m = m->alllink)
		put_m(t, m);
}

static void put_gs(const struct text_sink *t)
{
	uint32_t n = gtab_count();

	for (uint32_t slot = 0; slot < n; slot++)
		put_g(t, slot);
}

static void put_line(const struct text_sink *t, int64_t now_ns)
{
	struct sched_line l;

	fill_line(&l, now_ns);
	sched_line_put(t, &l);
}

/* When -------------------------------------------------------------------- */

static void make_lines(int64_t now_ns)
{
	struct text_sink t = { queue_put, &trace.room };

	lock_get(&sched.lock);
	if (env.scheddetail)
		put_head_ps_ms(&t, now_ns);
	else
		put_line(&t, now_ns);
	lock_put(&sched.lock);
	if (env.scheddetail)
		put_gs(&t);
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

void schedtrace_write(const struct text_sink *t)
{
	bool locked = lock_try(&sched.lock);
	int64_t now_ns = clock_mono_ns();

	put_head_ps_ms(t, now_ns);
	put_gs(t);
	if (locked)
		lock_put(&sched.lock);
}
