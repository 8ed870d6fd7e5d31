#ifndef PGO_CC_NAMES_H
#define PGO_CC_NAMES_H
/* A set of names, each with a number or a pointer of its owner's choice. */

#include <stddef.h>

struct name {
	const char *s;		/* NULL: a free place */
	void *p;
	long v;
};

struct names {
	struct name *at;
	size_t n, room;		/* room is 0 or a power of two, at least 2 n */
};

/* The entry of S, made with p = NULL and v = 0 if there is none; S is kept.
 * It moves at the next names_get(). */
struct name *names_get(struct names *t, const char *s);

/* The entry of S, or NULL. */
struct name *names_find(const struct names *t, const char *s);

/* All of them, sorted by name, then a NULL. */
const char **names_sorted(const struct names *t);

#endif
