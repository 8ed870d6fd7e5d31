#ifndef PGO_CC_LINK_H
#define PGO_CC_LINK_H
/* A link as its command line asks for it. */

#include "runtime/cc/mem.h"

struct link {
	struct strs args;		/* the user's, @files opened */
	const char *out;
	int shared, traced, bare;	/* bare: without shared libraries */
	int contiguous, unsplit;	/* stacks; code without checks there */
	int sanitized;			/* a sanitizer's runtime is linked */
};

/* Fills L, and input_plugin, from l->args. */
void link_look(struct link *l);

/* Whether it is no link of ours: questions, ld -r, and links without inputs. */
int link_is_plain(const struct link *l);

/* Whether thunks are reached by names in copies of the user's objects, for ld
 * --wrap would send others there too. */
int link_is_renamed(const struct link *l);

#endif
