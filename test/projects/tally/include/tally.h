/* Counts words of texts, a goroutine each. */
#ifndef TALLY_H
#define TALLY_H

#include <stddef.h>

struct tally {
	const char *text;
	size_t words;
};

/* Fills in the words of N texts; called on a goroutine.  0 or -E. */
int tally_all(struct tally *t, size_t n);

#endif
