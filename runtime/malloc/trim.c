/* Memory that goes back to the kernel without being asked for. */
#include "runtime/malloc/trim.h"

#include <stdint.h>

#include <pgo/malloc.h>

#include "runtime/malloc/heap.h"
#include "runtime/malloc/host.h"

void trim_epoch(void)
{
	central_trim(false);
	heap_scavenge(heap.free[0] * PAGE_BYTES / 2, SIZE_MAX);
}

int pgo_malloc_trim(size_t keep)
{
	cache_flush(cache_thread);
	central_trim(true);
	return heap_scavenge(keep, SIZE_MAX) > 0;
}
