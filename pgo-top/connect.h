/* From what the user calls a target to a source of snapshots. */
#ifndef PGO_TOP_CONNECT_H
#define PGO_TOP_CONNECT_H

#include <stdatomic.h>

#include "lib/base/err.h"
#include "lib/snapshot/source.h"

/* Finds TARGET and opens it; asks it nothing yet.  0, or -E with words in E.
 * STOP as in source_url_open(). */
int connect_open(struct source **out, const char *target,
		 const atomic_bool *stop, struct err *e);

#endif
