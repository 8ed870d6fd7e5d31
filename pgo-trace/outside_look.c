#include "pgo-trace/outside_look.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pgo-trace/outside_labels.h"

struct outside_labels {
	uint32_t at, bytes;             /* in labels */
};

void outside_look_release(struct outside_look *l)
{
	snapshot_release(&l->snapshot);
	go_sched_release(&l->sched);
	buf_release(&l->labels);
	free(l->of);
	free(l->m_goid);
	memset(l, 0, sizeof(*l));
}

/* Reading ------------------------------------------------------------------ */

/* Goroutines have few sets of labels: each is read once. */
static int pack_labels(struct outside_look *l)
{
	const struct snapshot *s = &l->snapshot;

	for (uint32_t i = 0; i < s->row_count; i++) {
		uint32_t id = s->rows[i].labels;

		if (!id)
			continue;
		if (!l->of)
			l->of = calloc(strtab_count(&s->strings),
				       sizeof(*l->of));
		if (!l->of)
			return -ENOMEM;
		if (l->of[id].bytes)
			continue;
		l->of[id].at = (uint32_t)l->labels.len;
		labels_pack(&l->labels, snapshot_string(s, id), 0);
		l->of[id].bytes = (uint32_t)(l->labels.len - l->of[id].at);
	}
	return buf_error(&l->labels);
}

static void note_runner(struct outside_look *l, const struct snap_row *row)
{
	for (size_t i = 0; i < l->sched.m_count; i++)
		if (l->sched.ms[i].id == row->number[ROW_M])
			l->m_goid[i] = row->number[ROW_ID];
}

static int count_rows(struct outside_look *l)
{
	const struct snapshot *s = &l->snapshot;

	l->m_goid = calloc(l->sched.m_count + 1, sizeof(*l->m_goid));
	if (!l->m_goid)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->row_count; i++) {
		l->goroutines += !s->rows[i].system;
		if (s->rows[i].number[ROW_M] >= 0)
			note_runner(l, &s->rows[i]);
	}
	return 0;
}

int outside_look_read(struct outside_look *l, struct source *src,
		      struct outside_names *names, struct err *e)
{
	struct snap_sched figures;
	int rc;

	outside_look_release(l);
	snapshot_init(&l->snapshot);
	rc = source_refresh(src, &l->snapshot, e);
	if (rc < 0)
		return rc;
	rc = go_sched_read(&l->sched, outside_names_hold(names), &figures);
	outside_names_let(names);
	if (rc == 0)
		rc = pack_labels(l);
	if (rc == 0)
		rc = count_rows(l);
	return rc < 0 ? err_set(e, rc, "snapshot") : 0;
}

/* Goroutines --------------------------------------------------------------- */

static enum serve_state state_of(const struct snap_row *row)
{
	static const enum serve_state states[SNAP_STATES] = {
		[SNAP_RUNNING] = SERVE_RUNNING,
		[SNAP_RUNNABLE] = SERVE_RUNNABLE,
		[SNAP_SYSCALL] = SERVE_SYSCALL,
		[SNAP_WAITING] = SERVE_WAITING,
	};

	return states[row->state];
}

static void put_labels(const struct outside_look *l, uint32_t id,
		       struct serve_g *out)
{
	if (!id || !l->of)
		return;
	out->labels = (const char *)l->labels.data + l->of[id].at;
	out->labels_bytes = l->of[id].bytes;
}

static void put_row(const struct outside_look *l, const struct snap_row *row,
		    struct serve_g *out)
{
	const struct snapshot *s = &l->snapshot;

	*out = (struct serve_g){
		.id = row->number[ROW_ID],
		.parent_id = row->creator > 0 ? row->creator : 0,
		.created = {
			snapshot_string(s, row->created_func),
			snapshot_string(s, row->created_file),
			row->created_line, row->created_offset,
		},
		.entry_pc = row->entry_pc,
		.entry = snapshot_string(s, row->entry),
		.since_ns = row->number[ROW_SINCE],
		.wait_on = row->wait_on,
		.stack_bytes = (uint64_t)row->number[ROW_STACK_BYTES],
		.stack_used = (uint64_t)row->number[ROW_STACK_USED],
		.enters = SERVE_UNKNOWN,
		.segments = SERVE_UNKNOWN32,
		.grows = SERVE_UNKNOWN32,
		.shrinks = SERVE_UNKNOWN32,
		.parks = SERVE_UNKNOWN32,
		.m = (int32_t)row->number[ROW_M],
		.p = (int32_t)row->number[ROW_P],
		.state = state_of(row),
		.reason = snapshot_string(s, row->reason),
		.locked = row->locked,
		.torn = row->stack == SNAP_NONE,
	};
	/* main.main's creator is the runtime; Go does not tell. */
	if (out->id == 1)
		out->created.func = "";
	put_labels(l, row->labels, out);
}

/* Of frames that share a pc, the last is the function that was compiled. */
static int put_pcs(const struct snapshot *s, uint32_t stack, uint64_t *pcs,
		   uint32_t max)
{
	uint32_t depth, n = 0;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);

	for (uint32_t i = 0; i < depth && n < max; i++)
		if (!f[i].inlined || i + 1 == depth || f[i + 1].pc != f[i].pc)
			pcs[n++] = f[i].pc;
	return (int)n;
}

int outside_look_goroutine(const struct outside_look *l, uint32_t slot,
			   struct serve_g *out, uint64_t *pcs, uint32_t max)
{
	const struct snapshot *s = &l->snapshot;

	if (slot >= s->row_count || s->rows[slot].system)
		return -ENOENT;
	put_row(l, &s->rows[slot], out);
	return put_pcs(s, s->rows[slot].stack, pcs, max);
}

/* The scheduler ------------------------------------------------------------ */

static uint32_t or_0(int64_t v)
{
	return v > 0 && v < UINT32_MAX ? (uint32_t)v : 0;
}

void outside_look_sched(const struct outside_look *l, struct serve_sched *out)
{
	const struct snap_sched *s = &l->snapshot.sched;

	*out = (struct serve_sched){
		.uptime_ns = s->uptime_ns,
		.gomaxprocs = (int32_t)or_0(s->gomaxprocs),
		.idleprocs = or_0(s->idleprocs),
		.threads = or_0(s->threads),
		.spinningthreads = or_0(s->spinningthreads),
		.needspinning = s->needspinning == SNAP_UNKNOWN ?
				SERVE_UNKNOWN32 : or_0(s->needspinning),
		.idlethreads = or_0(s->idlethreads),
		.runqueue = or_0(s->runqueue),
		.bound = SERVE_UNKNOWN32,
		.goroutines = l->goroutines,
		.stack_bytes = (uint64_t)s->stackinuse,
		.async_preempts = SERVE_UNKNOWN,
		.netpoll_wakes = SERVE_UNKNOWN,
	};
}

static int32_t m_id(const struct outside_look *l, uint64_t address)
{
	const struct go_m *m = go_sched_m(&l->sched, address);

	return m ? (int32_t)m->id : -1;
}

bool outside_look_p(const struct outside_look *l, uint32_t index,
		    struct serve_p *out)
{
	const struct go_p *p;

	if (index >= l->sched.p_count)
		return false;
	p = &l->sched.ps[index];
	*out = (struct serve_p){
		.id = (int32_t)p->id,
		.status = (int32_t)p->status,
		.m = m_id(l, p->m),
		.runq = p->runq,
		.tick = p->schedtick,
		.handoffs = SERVE_UNKNOWN32,
		.steals = SERVE_UNKNOWN,
	};
	return true;
}

uint32_t outside_look_ms(const struct outside_look *l, struct serve_m *out,
			 uint32_t max)
{
	for (size_t i = 0; i < l->sched.m_count && i < max; i++) {
		const struct go_m *m = &l->sched.ms[i];
		const struct go_p *p = go_sched_p(&l->sched, m->p);

		out[i] = (struct serve_m){
			.id = (uint32_t)m->id,
			.tid = (int32_t)m->procid,
			.p = p ? (int32_t)p->id : -1,
			.g = l->m_goid[i],
			.switches = SERVE_UNKNOWN,
		};
	}
	return (uint32_t)l->sched.m_count;
}
