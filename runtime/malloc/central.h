/*
 * What all caches share: a list a class of whole batches that one cache had too
 * many of and another will take, and below it the spans with free objects.
 */
#ifndef PGO_RUNTIME_MALLOC_CENTRAL_H
#define PGO_RUNTIME_MALLOC_CENTRAL_H

#include <stdint.h>

#include "runtime/lock.h"
#include "runtime/malloc/span.h"

enum { CENTRAL_BATCHES = 16 };

/* Objects of a class, linked by their first words. */
struct batch {
	void *first;
	uint32_t n;
};

struct central {
	struct lock lock;               /* everything, and the class's spans */
	uint32_t n;                     /* batches */
	uint32_t least;                 /* there were since the last look */
	struct batch batches[CENTRAL_BATCHES];
	struct span *spans;             /* those with free objects */
} __attribute__((aligned(128)));

extern struct central centrals[CLASSES];

/* Where a class has its magazine in a cache; cache.h knows the size. */
enum { CENTRAL_MAGAZINE_SHIFT = 6 };

/* Objects of CLASS, its batch when there are so many; n is 0 when memory is
 * out.  [any] */
struct batch central_get(unsigned class);

/* Gives objects of CLASS back.  [any] */
void central_put(unsigned class, struct batch b);

/* Batches that nobody asked for since the last call go back to their spans;
 * ALL: all of them.  [any] */
void central_trim(bool all);

/*
 * The second word of an object that is free, by its address: so freeing it
 * again is seen.  Nobody has it there by chance: it is no address of the heap's
 * in use near it, and malloc() wipes it out.
 */
static inline uintptr_t central_mark(const void *object)
{
	return (uintptr_t)object + 0x5f706773;
}

#endif
