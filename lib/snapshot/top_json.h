/* One frame of `pgo-top --json`: a snapshot, folded, as one JSON object. */
#ifndef LIB_SNAPSHOT_TOP_JSON_H
#define LIB_SNAPSHOT_TOP_JSON_H

#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/snapshot/group.h"
#include "lib/snapshot/source.h"

/* Appends the object, without a newline, to OUT: the first MAX groups of G in
 * their order.  0 or -E of OUT. */
int top_json(struct buf *out, const struct groups *g,
	     const struct source_info *info, uint32_t max);

#endif
