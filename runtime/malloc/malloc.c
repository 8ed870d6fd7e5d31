/*
 * What goroutines do most.  These two have no frame, and leave for the slow way
 * by a jump, so that to whoever walks the stack their caller called that.
 */
#include <pgo/malloc.h>

#include "runtime/malloc/host.h"

void *pgo_malloc(size_t bytes)
{
	return cache_malloc(host_cache(), bytes);
}

void pgo_free(void *p)
{
	cache_put(host_cache(), p);
}

/* In libpgo-malloc.so they have libc's names too; the others are in libc/. */
#ifdef PGO_MALLOC_ALONE
void *malloc(size_t bytes)
	__attribute__((visibility("default"), alias("pgo_malloc")));
void free(void *p) __attribute__((visibility("default"), alias("pgo_free")));
#endif
