/* One goroutine, read because somebody looks at it.  Never changed once made;
 * as frames, it may be looked at while the next one is read. */
#ifndef PGO_TOP_DETAIL_H
#define PGO_TOP_DETAIL_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/snapshot/source.h"

struct detail {
	int64_t id;
	struct snapshot snapshot;       /* one row, none when it failed */
	struct err trouble;             /* why; "" */
};

/* Reads goroutine ID.  NULL without memory. */
struct detail *detail_new(struct source *src, int64_t id);
void detail_free(struct detail *d);

#endif
