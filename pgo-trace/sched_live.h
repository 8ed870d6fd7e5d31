/* SCHED lines of a program that is looked at, by reading it or its agent. */
#ifndef PGO_TRACE_SCHED_LIVE_H
#define PGO_TRACE_SCHED_LIVE_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"
#include "lib/target/target.h"
#include "lib/wire/schedtrace.h"

struct sched_live;

/* With DETAIL also what its Ps, Ms and goroutines do.  0 or -E with words in
 * E. */
int sched_live_open(struct sched_live **out, const struct target *t,
		    bool detail, struct err *e);
void sched_live_close(struct sched_live *s);

/* How it is now; the lists of L are good until the next call. */
int sched_live_line(struct sched_live *s, struct sched_line *l, struct err *e);

/* All that was seen then, as long. */
const struct snapshot *sched_live_snapshot(const struct sched_live *s);

#endif
