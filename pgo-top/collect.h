/*
 * The thread that reads the target, so that the screen never waits for it.
 *
 * It makes frames; the screen takes the newest when its descriptor says there
 * is one.  While the target is gone it keeps trying, ever slower, looking it
 * up anew each time.
 */
#ifndef PGO_TOP_COLLECT_H
#define PGO_TOP_COLLECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "pgo-top/detail.h"
#include "pgo-top/frame.h"
#include "pgo-top/listing.h"

struct collect;

/* What it has made. */
struct collected {
	const struct frame *frame;      /* never NULL */
	const struct detail *detail;    /* NULL: none read yet */
	const struct listing *listing;  /* the same */
	char trouble[256];              /* why the target cannot be read; "" */
};

/*
 * Begins to read TARGET.  SRC and FIRST are an open source and a frame of it,
 * which the thread owns from here on; the caller may look at FIRST until
 * collect_take() gives another.  STOP is what SRC was opened with, and is set
 * by collect_end().  0 or -E, then SRC and FIRST are still the caller's.
 */
int collect_begin(struct collect **out, const char *target,
		  struct source *src, struct frame *first, int64_t delay_ns,
		  atomic_bool *stop, struct err *e);

/* Readable when collect_take() has news. */
int collect_fd(const struct collect *c);

/* The newest of each, valid until the next call; the same as before where
 * there is no news. */
void collect_take(struct collect *c, struct collected *out);

/* How to go on; NOW does not wait for the delay. */
void collect_pace(struct collect *c, int64_t delay_ns, bool paused, bool now);

/* What somebody looks at: ROWS, not only groups, which are read at once when
 * the newest frame has none; goroutine ID, read alone with every frame unless
 * paused (SNAP_UNKNOWN: none); and a piece of source. */
void collect_want(struct collect *c, bool rows, int64_t id,
		  const struct listing_want *source);

/* Stops; a read under way is given up within a tenth of a second. */
void collect_end(struct collect *c);

#endif
