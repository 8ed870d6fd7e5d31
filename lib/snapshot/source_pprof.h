/* Snapshots by what any Go program with net/http/pprof answers: the grouped
 * goroutine profile; or, when FULL is wanted, the other one (debug=2), which
 * has ids and states, but stops the program's world while it is written. */
#ifndef LIB_SNAPSHOT_SOURCE_PPROF_H
#define LIB_SNAPSHOT_SOURCE_PPROF_H

#include "lib/snapshot/source_agent.h"

/* As source_agent_open(), but CTX stays the caller's. */
int source_pprof_open(struct source **out, source_fetch_fn *fetch, void *ctx,
		      bool full);

#endif
