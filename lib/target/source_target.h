/*
 * Snapshots of a program read from outside, whatever it is: Go or pgo, alive
 * or a core.  What this returns is used like any other source.
 *
 * A target whose memory never answers (a page of userfaultfd, a dead network
 * file) does not hang the caller: reading happens on a thread that is left
 * behind when it makes no progress.
 */
#ifndef LIB_TARGET_SOURCE_TARGET_H
#define LIB_TARGET_SOURCE_TARGET_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/snapshot/source.h"
#include "lib/target/space.h"

enum { SOURCE_PATIENCE_MS = 2000 };

struct source_wants {
	bool freeze;            /* stop the target while reading */
	bool running;           /* stacks of running goroutines too, by a short
				 * interrupt of their threads */
	bool waits;             /* what goroutines wait on, and who else does */
	bool no_stacks;         /* states only */
	bool full;              /* of a pprof server: goroutines one by one,
				 * for which Go stops the program */
	bool sched;             /* all of the Ps and the Ms, as scheddetail
				 * has them */
	const atomic_bool *stop; /* as in source_url_open(); may be NULL */
};

/* Takes SPACE in any case.  0; -ENOENT when it is neither Go nor pgo; as
 * go_attach(). */
int source_target_open(struct source **out, struct space *space,
		       const struct source_wants *wants, struct err *e);

#endif
