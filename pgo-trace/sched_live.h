/* SCHED lines of a living program that is read from outside. */
#ifndef PGO_TRACE_SCHED_LIVE_H
#define PGO_TRACE_SCHED_LIVE_H

#include "lib/base/err.h"
#include "lib/target/target.h"
#include "lib/wire/schedtrace.h"

struct sched_live;

/* 0 or -E with words in E. */
int sched_live_open(struct sched_live **out, const struct target *t,
		    struct err *e);
void sched_live_close(struct sched_live *s);

/* How it is now; the lists of L are good until the next call. */
int sched_live_line(struct sched_live *s, struct sched_line *l,
		    bool *needspinning, struct err *e);

#endif
