/*
 * Which objects are sampled, and the counters of those that have spans.
 *
 * Small ones are chosen a class and a cache at a time (cache.c): chances per
 * byte that do not know of each other add up to the same chance per byte.
 */
#include "runtime/malloc/sampled.h"

#include "lib/sample/poisson.h"
#include "runtime/malloc/heap.h"
#include "runtime/malloc/host.h"

uint64_t sampled_rate = HOST_SAMPLED_RATE;

/* heap.lock */
static struct {
	uint64_t left;          /* bytes to the next large one, when begun */
	uint32_t random;
} large;

/* heap.lock held */
static bool is_due(size_t bytes)
{
	if (!sampled_rate)
		return false;
	if (!large.random) {
		large.random = 1;
		large.left = poisson_draw(&large.random, sampled_rate);
	}
	if (large.left >= bytes) {
		large.left -= bytes;
		return false;
	}
	large.left = poisson_draw(&large.random, sampled_rate);
	return true;
}

void *sampled_new(unsigned class)
{
	size_t bytes = classes[class].bytes;
	struct span *s = heap_get((bytes + PAGE_BYTES - 1) / PAGE_BYTES, 0,
				  SPAN_SAMPLED, 0);
	char *start;

	if (!s)
		return host_no_memory();
	s->bytes = bytes;
	start = s->start;
	lock_get(&heap.lock);
	heap.large_mallocs++;
	heap.large_bytes_malloced += bytes;
	lock_put(&heap.lock);
	host_sample(s);
	return start;
}

void sampled_count(struct span *s)
{
	bool due;

	lock_get(&heap.lock);
	heap.large_mallocs++;
	heap.large_bytes_malloced += s->bytes;
	due = is_due(s->bytes);
	lock_put(&heap.lock);
	if (due)
		host_sample(s);
}

void sampled_uncount(struct span *s)
{
	if (s->sample)
		host_sample_ends(s);
	lock_get(&heap.lock);
	heap.large_frees++;
	heap.large_bytes_freed += s->bytes;
	lock_put(&heap.lock);
}

void sampled_recount(struct span *s, size_t bytes)
{
	lock_get(&heap.lock);
	if (bytes > s->bytes)
		heap.large_bytes_malloced += bytes - s->bytes;
	else
		heap.large_bytes_freed += s->bytes - bytes;
	s->bytes = bytes;
	lock_put(&heap.lock);
}
