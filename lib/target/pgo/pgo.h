/*
 * Programs on pgo's own runtime, read from outside: no agent, no DWARF.
 *
 * The layout note leads to a table of what the runtime keeps where; see
 * include/pgo/layout.h and runtime/layout.c.  Names come from the files that
 * are mapped.  All that is read is hostile; see docs/notes/looking.md.
 */
#ifndef LIB_TARGET_PGO_PGO_H
#define LIB_TARGET_PGO_PGO_H

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"
#include "lib/target/source_target.h"
#include "lib/target/space.h"

struct pgo_program;

/* Recognizes the program in S, which must outlive it.  0; -ENOENT when it is
 * none of pgo's; -ENOTSUP when it is one that this cannot read, and why in E;
 * as space_read(). */
int pgo_attach(struct pgo_program **out, struct space *s, struct err *e);
void pgo_detach(struct pgo_program *p);

/* Fills S, which is empty, with all goroutines and the scheduler's figures, as
 * a source's refresh() does.  WANTS->freeze is the caller's to see to.  0 or
 * -E with words in E; -ECANCELED when WANTS->stop said so. */
int pgo_read(struct pgo_program *p, const struct source_wants *wants,
	     struct snapshot *s, struct err *e);

/* One row: goroutine ID, and its stack also when it runs.  0; -ENOENT when
 * there is none; as pgo_read(). */
int pgo_read_one(struct pgo_program *p, int64_t id, struct snapshot *s,
		 struct err *e);

#endif
