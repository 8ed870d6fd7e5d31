/* Large objects: pages from the heap and back. */
#include "runtime/malloc/large.h"

#include "runtime/malloc/heap.h"
#include "runtime/malloc/host.h"
#include "runtime/malloc/central.h"
#include "runtime/malloc/sampled.h"

static size_t pages_for(size_t bytes)
{
	return bytes ? (bytes + PAGE_BYTES - 1) / PAGE_BYTES : 1;
}

void *large_new(size_t bytes, size_t align)
{
	struct span *s = NULL;
	char *start;

	if (bytes > PTRDIFF_MAX || align > PTRDIFF_MAX - bytes)
		return host_no_memory();
	s = heap_get(pages_for(bytes), align, SPAN_LARGE, 0);
	if (!s) {
		central_trim(true);
		s = heap_get(pages_for(bytes), align, SPAN_LARGE, 0);
	}
	if (!s)
		return host_no_memory();
	s->bytes = s->pages * PAGE_BYTES;
	start = s->start;
	sampled_count(s);
	return start;
}

void large_free(struct span *s)
{
	sampled_uncount(s);
	heap_put(s);
}

bool large_resize(struct span *s, size_t bytes)
{
	if (bytes > PTRDIFF_MAX || !heap_resize(s, pages_for(bytes)))
		return false;
	sampled_recount(s, s->pages * PAGE_BYTES);
	return true;
}
