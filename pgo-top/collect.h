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
#include "pgo-top/frame.h"

struct collect;

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

/*
 * The newest frame, valid until the next call; the same as before when there
 * is none.  TROUBLE becomes why the target cannot be read, "" while it can.
 */
const struct frame *collect_take(struct collect *c, char *trouble,
				 size_t trouble_bytes);

/* How to go on; NOW does not wait for the delay. */
void collect_pace(struct collect *c, int64_t delay_ns, bool paused, bool now);

/* Stops; a read under way is given up within a tenth of a second. */
void collect_end(struct collect *c);

#endif
