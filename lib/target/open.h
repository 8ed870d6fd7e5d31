/* From what the user called a target to a source of its snapshots. */
#ifndef LIB_TARGET_OPEN_H
#define LIB_TARGET_OPEN_H

#include "lib/snapshot/source.h"
#include "lib/target/source_target.h"
#include "lib/target/target.h"

/*
 * Opens T, which target_resolve() filled, the best way there is: its agent;
 * reading its memory; its core file; the pprof pages behind its URL.  Nothing
 * is read yet that takes long.  0 or -E with one line in E.
 */
int target_source_open(struct source **out, const struct target *t,
		       const struct source_wants *wants, struct err *e);

/* The memory of T, a process or a core.  0 or -E with one line in E. */
int target_space_open(struct space **out, const struct target *t,
		      struct err *e);

#endif
