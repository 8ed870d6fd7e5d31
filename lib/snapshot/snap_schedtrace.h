/* The scheduler's line of a snapshot. */
#ifndef LIB_SNAPSHOT_SNAP_SCHEDTRACE_H
#define LIB_SNAPSHOT_SNAP_SCHEDTRACE_H

#include "lib/snapshot/snapshot.h"
#include "lib/wire/schedtrace.h"

/* Fills L, whose lists are then in LISTS.  0; -ENODATA when the source does
 * not tell of the scheduler. */
int snap_sched_line(struct sched_line *l, struct sched_lists *lists,
		    const struct snapshot *s);

#endif
