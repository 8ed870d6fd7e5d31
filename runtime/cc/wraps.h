#ifndef PGO_CC_WRAPS_H
#define PGO_CC_WRAPS_H
/* The list of libc functions that have a thunk: LIB/pgo/wrap.rsp. */

#include "runtime/cc/names.h"

/* Reads the list, one --wrap=NAME a line, or dies. */
void wraps_read(struct names *wraps);

/* Prints -Wl,--wrap=NAME for every libc function the objects call. */
int wraps_print(int n, char **objs);

#endif
