/*
 * A program built on our own runtime, read from outside through its layout
 * note: no agent, no DWARF.
 */
#ifndef LIB_TARGET_PGO_PGO_H
#define LIB_TARGET_PGO_PGO_H

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"
#include "lib/target/source_target.h"
#include "lib/target/space.h"

struct pgo;

/* Recognizes the program in S, which must outlive it.  0; -ENOENT when there
 * is no layout note; -ENOTSUP when it cannot be read, and why in E; as
 * space_read(). */
int pgo_attach(struct pgo **out, struct space *s, struct err *e);
void pgo_detach(struct pgo *p);

/* Fills S, which is empty.  0, or -E with words in E. */
int pgo_read(struct pgo *p, const struct source_wants *wants,
	     struct snapshot *s, struct err *e);

/* "pgo 0.1": what the program says of its runtime. */
const char *pgo_version(const struct pgo *p);

#endif
