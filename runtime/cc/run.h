#ifndef PGO_CC_RUN_H
#define PGO_CC_RUN_H
/* Running a program and keeping what it says. */

#include "runtime/cc/mem.h"

struct said {
	char *out, *err;	/* NUL-terminated */
};

/* Runs CMD to its end; its exit status, 128 + N when signal N ended it. */
int run(const struct strs *cmd, struct said *said);

#endif
