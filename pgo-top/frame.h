/* One refresh, ready to be shown: a snapshot and its groups.  Never changed
 * once made, so a screen may look at it while the next one is read. */
#ifndef PGO_TOP_FRAME_H
#define PGO_TOP_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/snapshot/group.h"
#include "lib/snapshot/source.h"

struct frame {
	struct snapshot snapshot;
	struct groups groups;
	struct source_info info;
	int64_t total_rate;     /* thousandths a second, when rated */
	bool rated;
	bool folded;            /* by the target: the snapshot has no rows */
};

/* Reads SRC now, without ROWS maybe only folded; rates are against BEFORE,
 * which may be NULL and may be freed afterwards.  0 or -E with words in E. */
int frame_new(struct frame **out, struct source *src, bool rows,
	      const struct frame *before, struct err *e);
void frame_free(struct frame *f);

#endif
