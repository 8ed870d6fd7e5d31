/* One frame of `pgo-top --json`: a snapshot, folded, as one JSON object; and
 * its goroutines, where they are asked for. */
#ifndef LIB_SNAPSHOT_TOP_JSON_H
#define LIB_SNAPSHOT_TOP_JSON_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/snapshot/group.h"
#include "lib/snapshot/rows.h"
#include "lib/snapshot/source.h"

/* Appends the object, without a newline, to OUT: the groups of G in their
 * order, and with ROWS, which may be NULL, each of these.  0 or -E of OUT. */
int top_json(struct buf *out, const struct groups *g, struct rows *rows,
	     const struct source_info *info);

#endif
