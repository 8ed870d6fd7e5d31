#ifndef PGO_CC_CALLERS_H
#define PGO_CC_CALLERS_H
/* Who calls a function inside of an object. */

#include "runtime/cc/input.h"

/* The function of IN that calls NAME, or NULL when the object does not tell. */
const char *callers_of(struct input *in, const char *name);

/*
 * Looks for a call, inside the split object IN, of a function of it that has
 * no limit check.  1: found, CALLER and CALLEE are set.
 */
int callers_inner(struct input *in, const char **caller, const char **callee);

#endif
