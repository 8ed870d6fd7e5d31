#ifndef PGO_CC_MODE_H
#define PGO_CC_MODE_H
/*
 * What kind of stacks the goroutines of a program have, by the command line,
 * and what the compiler is told for it.
 */

#include "runtime/cc/mem.h"

struct mode {
	const char *stack;	/* of --stack=, or NULL */
	const char *sanitizer;	/* an option that needs contiguous stacks */
	int undefined;		/* -fsanitize= of other kinds */
	int clang, cxx;
	int contiguous;		/* the verdict */
};

/* Whether ARG is --stack=, which is taken; dies of a value it cannot have. */
int mode_take(struct mode *m, const char *arg);

/* Looks at -fsanitize= and -fno-sanitize=. */
void mode_look(struct mode *m, const char *arg);

/* Reaches the verdict, or dies: what cannot be, and the way out. */
void mode_decide(struct mode *m);

/* What stands before the user's options, so that his win. */
void mode_add_cflags(struct strs *to, const struct mode *m);

/* What a link is told besides. */
void mode_add_libs(struct strs *to, const struct mode *m);

#endif
