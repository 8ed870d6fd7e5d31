#ifndef PGO_CC_LINKCMD_H
#define PGO_CC_LINKCMD_H
/* The command line of GNU ld for a link of goroutine code. */

#include "runtime/cc/check.h"
#include "runtime/cc/link.h"

/* GNU ld, by PATH, or dies. */
const char *linkcmd_ld(void);

/* Adds to CMD what links L with what C has found; FOREIGN: goroutines run code
 * that is not of libc and does not check its stack. */
void linkcmd_make(struct strs *cmd, const struct link *l,
		  const struct check *c, int foreign);

#endif
