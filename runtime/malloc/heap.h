/*
 * The page heap: spans that nobody uses.
 */
#ifndef PGO_RUNTIME_MALLOC_HEAP_H
#define PGO_RUNTIME_MALLOC_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/lock.h"
#include "runtime/malloc/span.h"

enum { HEAP_BINS = 64 + 22 };

struct heap {
	struct lock lock;               /* everything, and span.c's */
	struct span *bins[2][HEAP_BINS]; /* free spans: dirty, fresh */
	uint64_t filled[2][2];          /* a bit for each bin with spans */
	size_t pages;                   /* of all spans, free or not */
	size_t free[2];                 /* of those, on bins */
	/* Objects with a span each, since ever. */
	uint64_t large_mallocs, large_frees;
	uint64_t large_bytes_malloced, large_bytes_freed;
};

extern struct heap heap;

/*
 * A span of N pages, at a multiple of ALIGN bytes (0: any), of KIND, with its
 * rows set to MAGAZINE; NULL when memory is out.  [any]
 */
struct span *heap_get(size_t n, size_t align, unsigned kind,
		      uint32_t magazine);

/* Gives it back.  [any] */
void heap_put(struct span *s);

/* Makes S of N pages: what is behind them goes, or what is free there comes.
 * False when that is not possible.  [any] */
bool heap_resize(struct span *s, size_t n);

/*
 * Gives memory of free spans back to the kernel, the largest first, until at
 * most KEEP bytes of them are dirty, or MOST bytes were given back.  Returns
 * how many were.  [any]
 */
size_t heap_scavenge(size_t keep, size_t most);

#endif
