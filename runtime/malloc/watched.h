/*
 * pgo_malloc() and pgo_free() where a sanitizer watches: libpgo-san.a has these
 * under their names (Makefile), so that the fast ways of all other programs
 * need not ask who does.
 */
#ifndef PGO_RUNTIME_MALLOC_WATCHED_H
#define PGO_RUNTIME_MALLOC_WATCHED_H

#include <stddef.h>

#include <pgo/cdefs.h>

/* [g] */
PGO_API void *pgo_watched_malloc(size_t bytes);
PGO_API void pgo_watched_free(void *p);

#endif
