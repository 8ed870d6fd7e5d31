/*
 * Modules of a Go program: itself and the plugins it has loaded, each with a
 * moduledata and a pclntab.
 *
 * Source: src/runtime/symtab.go, struct moduledata.
 */
#ifndef LIB_TARGET_GO_MODULE_H
#define LIB_TARGET_GO_MODULE_H

#include "lib/target/go/attach.h"
#include "lib/target/go/image.h"

/* The address of runtime.firstmoduledata; SYMBOL is what .symtab says of it, 0
 * when it does not.  0 when there is none. */
uint64_t go_module_first(const struct image *im, uint64_t symbol);

/* Fills go->modules from the chain that begins at its roots.firstmoduledata,
 * by its offsets: the first and what go_modules_more() finds.  0; -EBADMSG when
 * that is none; -ENOMEM; with words in E.  They read through go->image. */
int go_modules_open(struct go *go, struct err *e);

/* Adds the plugins loaded since: a read when there are none.  One that makes
 * no sense, or not yet, is left out with all behind it. */
void go_modules_more(struct go *go);
void go_modules_close(struct go *go);

#endif
