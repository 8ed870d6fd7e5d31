/* Small objects of the runtime's own: powers of two, carved from spans that
 * stay for ever; larger ones are mapped. */
#ifndef PGO_RUNTIME_SLAB_H
#define PGO_RUNTIME_SLAB_H

#include <stddef.h>

/* BYTES of memory, 64-aligned, of any content; NULL when memory is out.
 * [any] */
void *slab_new(size_t bytes);

/* Gives back what slab_new(BYTES) gave.  [any] */
void slab_free(void *p, size_t bytes);

#endif
