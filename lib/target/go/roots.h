/* Where Go's runtime keeps its variables. */
#ifndef LIB_TARGET_GO_ROOTS_H
#define LIB_TARGET_GO_ROOTS_H

#include "lib/target/go/attach.h"
#include "lib/target/go/image.h"

/* Fills ROOTS by .symtab: all of them, or those there are, or none. */
void go_roots_by_symbols(struct go_roots *roots, const struct image *im);

/* Fills those of go->roots that are 0 by what the code of the runtime refers
 * to, each one tested for what it should be.  Needs go->offsets, modules and
 * image.  What is not found stays 0. */
void go_roots_by_code(struct go *go);

/* Reads the words for wait reasons into go->reasons; those of the offsets
 * where the target's own cannot be had.  0 or -ENOMEM. */
int go_reasons_read(struct go *go);

#endif
