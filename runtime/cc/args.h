#ifndef PGO_CC_ARGS_H
#define PGO_CC_ARGS_H
/* Command lines of gcc and ld, as far as pgo-cc must understand them. */

#include "runtime/cc/mem.h"

/* Appends FROM to TO with every @FILE replaced by what the file says. */
void args_expand(struct strs *to, const struct strs *from);

/* The option A of gcc takes the next argument as its value. */
int args_takes_value(const char *a);

int args_is_one_of(const char *a, const char *const *list);

/* The file PROG would run by PATH, links followed; NULL when there is none. */
char *args_which(const char *prog);

#endif
