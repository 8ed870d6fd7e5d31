/*
 * Objects that have a span each: large ones, and small ones that were sampled.
 */
#ifndef PGO_RUNTIME_MALLOC_LARGE_H
#define PGO_RUNTIME_MALLOC_LARGE_H

#include <stddef.h>

#include "runtime/malloc/span.h"

/* At least BYTES, at a multiple of ALIGN (0: 16); NULL, and errno, when memory
 * is out.  [g] */
void *large_new(size_t bytes, size_t align);

/* Of any span that is one object.  [any] */
void large_free(struct span *s);

/* Makes it of BYTES where it is; false when it cannot be.  [any] */
bool large_resize(struct span *s, size_t bytes);

#endif
