#ifndef PGO_CC_DYNSYMS_H
#define PGO_CC_DYNSYMS_H
/* What a shared library defines for those who link with it. */

#include "runtime/cc/mem.h"
#include "runtime/cc/names.h"

/*
 * Adds to FUNCS every function PATH exports in its default version, private
 * ones of libc left out.  Returns 0, or -1 when PATH is no shared library.
 */
int dynsyms_read(struct names *funcs, const char *path);

/* 1 when PATH is a library pgo-cc made: it takes __morestack from the
 * program, so its functions check their stack. */
int dynsyms_is_split(const char *path);

/* The names of the libraries PATH needs. */
void dynsyms_needed(struct strs *needed, const char *path);

#endif
