/* What Ps, Ms and goroutines do, as GODEBUG=scheddetail has it. */
#ifndef PGO_TRACE_SCHED_DETAIL_H
#define PGO_TRACE_SCHED_DETAIL_H

#include "lib/snapshot/snap_schedtrace.h"
#include "lib/wire/json.h"
#include "lib/wire/schedtrace.h"

/* Line L of snapshot S, then a line each of its Ps, Ms and goroutines. */
void sched_detail_put(const struct text_sink *t, const struct sched_line *l,
		      const struct snapshot *s,
		      const struct snap_locks *locks);

/* Into an object that is open: the rest of the line, and allp, allm, allgs. */
void sched_detail_json(struct json *j, const struct snapshot *s,
		       const struct snap_locks *locks);

#endif
