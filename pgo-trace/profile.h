/* A profile of another process, written by us: what all of them have. */
#ifndef PGO_TRACE_PROFILE_H
#define PGO_TRACE_PROFILE_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/target/mappings.h"
#include "lib/wire/pprof.h"

struct profile {
	struct buf raw;
	struct pprof_writer *w;
	struct mappings mappings;
};

/* Begins with the mappings of PID; 0, a core, has none.  0 or -E with words
 * in E; profile_release() in any case. */
int profile_begin(struct profile *p, pid_t pid, struct err *e);

/* Completes it and appends it to OUT, gzipped. */
int profile_end(struct profile *p, struct buf *out, struct err *e);
void profile_release(struct profile *p);

/* The mapping id of PC, 0 for none; PROFILE is a struct profile. */
uint64_t profile_mapping(void *profile, uint64_t pc);

#endif
