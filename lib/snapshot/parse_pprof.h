/*
 * What net/http/pprof says of goroutines, read into a snapshot.  As parse.h:
 * nothing is believed.
 *
 * debug=1 tells how many stand on which stack, under which labels, and nothing
 * else: no ids, no states, no times.  FULL, debug=2, tells them one by one.
 */
#ifndef LIB_SNAPSHOT_PARSE_PPROF_H
#define LIB_SNAPSHOT_PARSE_PPROF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"

/* Adds a row for each goroutine.  0; -EBADMSG when it is no such answer, with
 * words in E. */
int parse_pprof(struct snapshot *s, const char *body, size_t n, bool full,
		struct err *e);

#endif
