/*
 * What net/http/pprof answers for /debug/pprof/goroutine?debug=1, read into a
 * snapshot: how many goroutines stand on which stack, under which labels, and
 * nothing else: no ids, no states, no times.  As parse.h: nothing is believed.
 */
#ifndef LIB_SNAPSHOT_PARSE_PPROF_H
#define LIB_SNAPSHOT_PARSE_PPROF_H

#include <stddef.h>

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"

/* Adds a row of unknown id for each goroutine.  0; -EBADMSG when it is no such
 * answer, with words in E. */
int parse_pprof(struct snapshot *s, const char *body, size_t n, struct err *e);

#endif
