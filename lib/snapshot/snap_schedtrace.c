#include "lib/snapshot/snap_schedtrace.h"

#include <errno.h>

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
