/*
 * The JSON answers of an agent, read into a snapshot.
 *
 * Nothing in them is believed: types are checked, numbers that are none or
 * negative are unknown, rows that make no sense are left out and counted.
 */
#ifndef LIB_SNAPSHOT_PARSE_H
#define LIB_SNAPSHOT_PARSE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/snapshot/group.h"
#include "lib/snapshot/snapshot.h"

/* Of one answer: a tree of it in memory takes up to fifty times as much. */
#define PARSE_BODY_MAX ((size_t)16 << 20)

/*
 * Adds one page of /debug/pgo/goroutines to S.  0 and the slot where the next
 * page begins in *NEXT, SNAP_UNKNOWN at the end; or -EBADMSG, -EPROTO for a
 * schema we do not know, with words in E.
 */
int parse_goroutines(struct snapshot *s, const char *body, size_t n,
		     int64_t *next, struct err *e);

/* Adds the row of /debug/pgo/goroutine/ID, with its stack.  The same errors. */
int parse_goroutine(struct snapshot *s, const char *body, size_t n,
		    struct err *e);

/*
 * Reads /debug/pgo/top into S, which gets no rows, and G (groups_release() in
 * any case).  The same errors; -ERANGE when it is not all there is: there were
 * too many stacks.
 */
int parse_top(struct snapshot *s, struct groups *g, const char *body, size_t n,
	      struct err *e);

/* Reads /debug/pgo/sched into S.  The same errors. */
int parse_sched(struct snapshot *s, const char *body, size_t n,
		struct err *e);

#endif
