/* Goroutines as a profile: a sample for each stack and set of labels. */
#ifndef LIB_SNAPSHOT_SNAP_PPROF_H
#define LIB_SNAPSHOT_SNAP_PPROF_H

#include <stdint.h>

#include "lib/snapshot/snapshot.h"
#include "lib/wire/pprof.h"

/*
 * Writes types and samples of Go's goroutine profile, most goroutines first,
 * without the runtime's own; those whose stack is not known count on an empty
 * one.  MAPPING gives the id of a pc's mapping, as pprof_mapping() did, or 0.
 * 0 or -ENOMEM; what W meets tells pprof_finish().
 */
int snap_pprof(struct pprof_writer *w, const struct snapshot *s,
	       uint64_t (*mapping)(void *ctx, uint64_t pc), void *ctx);

#endif
