/* The labels of a goroutine, as a row has them: a JSON object of strings. */
#ifndef LIB_SNAPSHOT_LABELS_H
#define LIB_SNAPSHOT_LABELS_H

#include <stdbool.h>
#include <stddef.h>

enum { LABELS_MAX = 64 };       /* of a goroutine; more are not seen */

struct label {
	const char *key, *value;
};

/* All zero is none. */
struct labels {
	struct label at[LABELS_MAX];
	size_t n;
	void *tree;             /* where the strings are */
};

/* Reads TEXT; what is no such object has no labels.  labels_release() in any
 * case.  [any but g: allocates] */
void labels_read(struct labels *l, const char *text);
void labels_release(struct labels *l);

/* The value of KEY, or NULL; lives as L. */
const char *labels_find(const struct labels *l, const char *key);

#endif
