#include "runtime/slab.h"

#include "runtime/fiber.h"
#include "runtime/lock.h"
#include "runtime/sys.h"

enum {
	SMALLEST = 64,
	CLASSES = 10,           /* up to 32 KiB */
	SPAN_BYTES = 1 << 18,
};

struct free_block {
	struct free_block *next;
};

static struct {
	struct lock lock;       /* everything */
	struct free_block *free[CLASSES];
	char *span;
	size_t span_left;
} slab;

static unsigned class_of(size_t bytes)
{
	unsigned class = 0;

	while (class < CLASSES && (size_t)SMALLEST << class < bytes)
		class++;
	return class;
}

/* slab.lock held */
static void *carve(size_t bytes)
{
	void *p;

	if (slab.span_left < bytes) {
		slab.span = sys_map(SPAN_BYTES);
		slab.span_left = slab.span ? SPAN_BYTES : 0;
		if (!slab.span)
			return NULL;
		fiber_root(slab.span, SPAN_BYTES);
	}
	p = slab.span;
	slab.span += bytes;
	slab.span_left -= bytes;
	return p;
}

static void *large_new(size_t bytes)
{
	void *p = sys_map(bytes);

	if (p)
		fiber_root(p, bytes);
	return p;
}

static void large_free(void *p, size_t bytes)
{
	fiber_no_root(p, bytes);
	fiber_unmap_used(p, bytes);
}

void *slab_new(size_t bytes)
{
	unsigned class = class_of(bytes);
	struct free_block *b;

	if (class == CLASSES)
		return large_new(bytes);
	lock_get(&slab.lock);
	b = slab.free[class];
	if (b)
		slab.free[class] = b->next;
	else
		b = carve((size_t)SMALLEST << class);
	lock_put(&slab.lock);
	if (b)
		fiber_acquire(b);
	return b;
}

void slab_free(void *p, size_t bytes)
{
	unsigned class = class_of(bytes);
	struct free_block *b = p;

	if (class == CLASSES) {
		large_free(p, bytes);
		return;
	}
	fiber_release(p);
	lock_get(&slab.lock);
	b->next = slab.free[class];
	slab.free[class] = b;
	lock_put(&slab.lock);
}
