/* From what the user calls a target to a source of snapshots. */
#ifndef PGO_TOP_CONNECT_H
#define PGO_TOP_CONNECT_H

#include <stdatomic.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/snapshot/source.h"

/*
 * Finds TARGET and opens it; asks it nothing yet.  0, or -E with words in E;
 * several processes of that name are in CHOICES, which may be NULL, a line
 * each.  STOP as in source_url_open().
 */
int connect_open(struct source **out, const char *target,
		 const atomic_bool *stop, struct buf *choices, struct err *e);

/* The same, and says what is wrong on stderr. */
int connect_open_or_say(struct source **out, const char *target,
			const atomic_bool *stop);

/* Puts "TARGET: " before what E says, unless it begins so already. */
void connect_name(struct err *e, const char *target);

#endif
