/* SCHED lines as a table, as they are, as CSV or JSON. */
#ifndef PGO_TRACE_SCHED_OUT_H
#define PGO_TRACE_SCHED_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/snapshot/snapshot.h"
#include "lib/wire/schedtrace.h"

enum sched_format { SCHED_TABLE, SCHED_LINES, SCHED_CSV, SCHED_JSON };

struct sched_out {
	enum sched_format format;
	uint64_t lines;         /* so far */
	uint64_t last_ms;       /* of the line before, */
	uint64_t last_ticks;    /* all its Ps */
	bool had_ticks;
};

/* Appends line L, and what comes before the first.  What a line has not is
 * "-", empty, or no key.  0 or -E. */
int sched_out_line(struct sched_out *o, struct buf *b,
		   const struct sched_line *l);

/* The same of a snapshot with its Ps, Ms and goroutines, whose line L is; as
 * SCHED_LINES or SCHED_JSON. */
int sched_out_detail(struct sched_out *o, struct buf *b,
		     const struct sched_line *l, const struct snapshot *s);

#endif
