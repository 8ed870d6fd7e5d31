/* The scheduler's line of a snapshot, and scheddetail's. */
#ifndef LIB_SNAPSHOT_SNAP_SCHEDTRACE_H
#define LIB_SNAPSHOT_SNAP_SCHEDTRACE_H

#include "lib/snapshot/snapshot.h"
#include "lib/wire/schedtrace.h"

/* Fills L, whose lists are then in LISTS.  0; -ENODATA when the source does
 * not tell of the scheduler. */
int snap_sched_line(struct sched_line *l, struct sched_lists *lists,
		    const struct snapshot *s);

/* The rest of the first line with detail, P I, M I and row I.  What was not to
 * be had is SCHED_UNKNOWN; strings are of S. */
void snap_sched_detail(struct sched_detail *d, const struct snapshot *s);
void snap_sched_p(struct sched_p *p, const struct snapshot *s, uint32_t i);
void snap_sched_m(struct sched_m *m, const struct snapshot *s, uint32_t i);

/* Which goroutines are locked to which Ms. */
struct snap_locks {
	struct snap_lock {
		int64_t g, m;   /* ids */
	} *at;                  /* by g */
	size_t n;
};

/* 0 or -ENOMEM. */
int snap_locks_init(struct snap_locks *l, const struct snapshot *s);
void snap_locks_release(struct snap_locks *l);

/* A state is one of Go's 1 to 4, runnable to waiting; the dead are no rows. */
void snap_sched_g(struct sched_g *g, const struct snapshot *s, uint32_t i,
		  const struct snap_locks *locks);

#endif
