#ifndef PGO_CC_DYNSYMS_H
#define PGO_CC_DYNSYMS_H
/* What a shared library defines for those who link with it. */

#include "runtime/cc/names.h"

/*
 * Adds to FUNCS every function PATH exports in its default version, private
 * ones of libc left out.  Returns 0, or -1 when PATH is no shared library.
 */
int dynsyms_read(struct names *funcs, const char *path);

#endif
