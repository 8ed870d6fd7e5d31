/*
 * Objects by their address.
 */
#ifndef PGO_RUNTIME_MALLOC_OBJECT_H
#define PGO_RUNTIME_MALLOC_OBJECT_H

#include <stddef.h>

#include "runtime/malloc/span.h"

/* The span of the object at P, which is in use; dies with a line when it is
 * none, naming the function CALL.  [any] */
struct span *object_span(const void *p, const char *call);

/* How many bytes an object of S may use. */
size_t object_bytes(const struct span *s);

/* Where the object begins that has the byte at P; NULL when P is in none.
 * Objects that are free are found as well.  [any] */
void *object_start(const void *p);

#endif
