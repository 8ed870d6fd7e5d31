#ifndef PGO_MALLOC_ALONE
#include "runtime/malloc/watched.h"

#include <pgo/malloc.h>

#include "runtime/malloc/host.h"

void *pgo_watched_malloc(size_t bytes)
{
	void *p = pgo_malloc(bytes);

	host_own(p, __builtin_return_address(0));
	return p;
}

void pgo_watched_free(void *p)
{
	host_disown(p);
	pgo_free(p);
}
#endif
