#include "lib/snapshot/snap_schedtrace.h"

#include <errno.h>
#include <stdlib.h>

/* A line has no way to say that a number is unknown. */
static uint32_t known(int64_t v)
{
	return v > 0 ? (uint32_t)v : 0;
}

int snap_sched_line(struct sched_line *l, struct sched_lists *lists,
		    const struct snapshot *s)
{
	const struct snap_sched *from = &s->sched;
	bool ticks = from->p_count > 0;

	if (from->gomaxprocs == SNAP_UNKNOWN)
		return -ENODATA;
	for (uint32_t i = 0; i < from->p_count; i++) {
		lists->runqs[i] = known(from->ps[i].runq);
		lists->schedticks[i] = known(from->ps[i].schedtick);
		ticks &= from->ps[i].schedtick != SNAP_UNKNOWN;
	}
	*l = (struct sched_line){
		.ms = (uint64_t)(from->uptime_ns > 0 ?
				 from->uptime_ns / 1000000 : 0),
		.gomaxprocs = known(from->gomaxprocs),
		.idleprocs = known(from->idleprocs),
		.threads = known(from->threads),
		.spinningthreads = known(from->spinningthreads),
		.needspinning = known(from->needspinning),
		.no_needspinning = from->needspinning == SNAP_UNKNOWN,
		.idlethreads = known(from->idlethreads),
		.runqueue = known(from->runqueue),
		.nruns = from->p_count,
		.runqs = lists->runqs,
		.schedticks = ticks ? lists->schedticks : NULL,
		.has_gs = from->gcount != SNAP_UNKNOWN &&
			  from->stackinuse != SNAP_UNKNOWN,
		.gcount = (uint64_t)from->gcount,
		.stackinuse = (uint64_t)from->stackinuse,
	};
	return 0;
}

/* Detail ------------------------------------------------------------------- */

static int64_t as_known(int64_t v)
{
	return v == SNAP_NIL ? SCHED_NIL : v < 0 ? SCHED_UNKNOWN : v;
}

/* Of who has none nothing is known in a snapshot. */
static int64_t or_nil(int64_t v)
{
	return v < 0 ? SCHED_NIL : v;
}

void snap_sched_detail(struct sched_detail *d, const struct snapshot *s)
{
	const struct snap_sched *from = &s->sched;

	*d = (struct sched_detail){
		.gcwaiting = as_known(from->gcwaiting),
		.nmidlelocked = as_known(from->nmidlelocked),
		.stopwait = as_known(from->stopwait),
		.sysmonwait = as_known(from->sysmonwait),
	};
}

void snap_sched_p(struct sched_p *p, const struct snapshot *s, uint32_t i)
{
	const struct snap_p *from = &s->sched.ps[i];

	*p = (struct sched_p){
		.id = as_known(from->id),
		.status = as_known(from->status),
		.schedtick = as_known(from->schedtick),
		.syscalltick = as_known(from->syscalltick),
		.m = or_nil(from->m),
		.runqsize = as_known(from->runq),
		.gfreecnt = as_known(from->gfreecnt),
		.timerslen = as_known(from->timerslen),
	};
}

void snap_sched_m(struct sched_m *m, const struct snapshot *s, uint32_t i)
{
	const struct snap_m *from = &s->ms[i];

	*m = (struct sched_m){
		.id = as_known(from->id),
		.p = as_known(from->p),
		.curg = as_known(from->curg),
		.mallocing = as_known(from->mallocing),
		.throwing = as_known(from->throwing),
		.preemptoff = from->preemptoff == SNAP_NONE ? NULL :
			      snapshot_string(s, from->preemptoff),
		.locks = as_known(from->locks),
		.dying = as_known(from->dying),
		.spinning = as_known(from->spinning),
		.blocked = as_known(from->blocked),
		.lockedg = as_known(from->lockedg),
	};
}

static int by_g(const void *a, const void *b)
{
	const struct snap_lock *x = a, *y = b;

	return (x->g > y->g) - (x->g < y->g);
}

int snap_locks_init(struct snap_locks *l, const struct snapshot *s)
{
	l->n = 0;
	l->at = calloc(s->m_count + 1, sizeof(*l->at));
	if (!l->at)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->m_count; i++)
		if (s->ms[i].lockedg >= 0)
			l->at[l->n++] = (struct snap_lock){ s->ms[i].lockedg,
							    s->ms[i].id };
	qsort(l->at, l->n, sizeof(*l->at), by_g);
	return 0;
}

void snap_locks_release(struct snap_locks *l)
{
	free(l->at);
}

static int64_t locked_m(const struct snap_locks *l, const struct snap_row *row)
{
	struct snap_lock key = { .g = row->number[ROW_ID] }, *found;

	found = bsearch(&key, l->at, l->n, sizeof(key), by_g);
	if (found)
		return as_known(found->m);
	return row->locked ? SCHED_UNKNOWN : SCHED_NIL;
}

void snap_sched_g(struct sched_g *g, const struct snapshot *s, uint32_t i,
		  const struct snap_locks *locks)
{
	static const uint32_t status[SNAP_STATES] = {
		[SNAP_RUNNABLE] = 1, [SNAP_RUNNING] = 2, [SNAP_SYSCALL] = 3,
		[SNAP_WAITING] = 4,
	};
	const struct snap_row *row = &s->rows[i];
	bool on_m = row->state == SNAP_RUNNING || row->state == SNAP_SYSCALL;

	*g = (struct sched_g){
		.id = (uint64_t)row->number[ROW_ID],
		.status = status[row->state],
		.reason = snapshot_string(s, row->reason),
		.m = on_m ? as_known(row->number[ROW_M]) :
			    or_nil(row->number[ROW_M]),
		.lockedm = locked_m(locks, row),
	};
}
