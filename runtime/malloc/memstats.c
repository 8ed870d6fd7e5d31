/* Figures: sums over caches and what the page heap knows. */
#include <pgo/malloc.h>

#include <string.h>

#include "runtime/malloc/cache.h"
#include "runtime/malloc/heap.h"

/* Frees are read last but may be newer than mallocs: never more of them. */
static void add_class(struct pgo_memstats *s, unsigned class)
{
	struct pgo_memstats_class *row = &s->by_size[s->n_classes++];

	row->bytes = classes[class].bytes;
	cache_count(class, &row->mallocs, &row->frees);
	if (row->frees > row->mallocs)
		row->frees = row->mallocs;
	s->mallocs += row->mallocs;
	s->frees += row->frees;
	s->total_alloc += row->mallocs * row->bytes;
	s->heap_alloc += (row->mallocs - row->frees) * row->bytes;
}

static void add_heap(struct pgo_memstats *s)
{
	lock_get(&heap.lock);
	s->mallocs += heap.large_mallocs;
	s->frees += heap.large_frees;
	s->total_alloc += heap.large_bytes_malloced;
	s->heap_alloc += heap.large_bytes_malloced - heap.large_bytes_freed;
	s->heap_sys = heap.pages * PAGE_BYTES;
	s->heap_released = heap.free[1] * PAGE_BYTES;
	s->heap_idle = heap.free[0] * PAGE_BYTES + s->heap_released;
	lock_put(&heap.lock);
	s->heap_inuse = s->heap_sys - s->heap_idle;
	s->heap_objects = s->mallocs - s->frees;
}

/* Too much for a goroutine's stack. */
void pgo_memstats(struct pgo_memstats *out)
{
	size_t size = out->size < sizeof(*out) ? out->size : sizeof(*out);
	static struct lock lock;
	static struct pgo_memstats s;

	lock_get(&lock);
	s = (struct pgo_memstats){ .size = size };
	for (unsigned class = 1; class < CLASSES; class++)
		add_class(&s, class);
	add_heap(&s);
	memcpy(out, &s, size);
	lock_put(&lock);
}
