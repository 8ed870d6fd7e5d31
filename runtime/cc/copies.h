#ifndef PGO_CC_COPIES_H
#define PGO_CC_COPIES_H
/*
 * A static link takes copies of the user's objects and archives, in which
 * calls of wrapped functions are calls of their thunks: ld --wrap would do
 * the same to libc.a, whose weak references must not come true by it.
 */

#include "runtime/cc/check.h"

/* Makes them and adds ARGS to TO, the arguments of a link that takes them. */
void copies_make(struct strs *to, const struct strs *args,
		 const struct check *c);

/* Dies when C, read from that link's trace, tells of an object that is none. */
void copies_check(const struct check *c);

#endif
