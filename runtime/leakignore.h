/* Which goroutines pgo_leakcheck() passes over; pgo_leakcheck(3) has the forms
 * of patterns. */
#ifndef PGO_RUNTIME_LEAKIGNORE_H
#define PGO_RUNTIME_LEAKIGNORE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/env.h"

struct dump;
struct g;

/* Of two lists; zeroed, none. */
struct leakignore {
	size_t used;
	char patterns[2 * ENV_LIST + 1]; /* each ends in a 0, the last in two */
};

/* Adds LIST, patterns with commas between, which may be NULL; -EINVAL when it
 * has ENV_LIST bytes or more.  [m] */
int leakignore_add(struct leakignore *ignore, const char *list);

/* Whether one of them fits GP, whose stack is in D->pcs.  [m] */
bool leakignore_fits(const struct leakignore *ignore, struct dump *d,
		     const struct g *gp);

#endif
