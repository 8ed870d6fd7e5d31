/* The others of malloc's kin, made of the two. */
#include <pgo/malloc.h>

#include <string.h>

#include "runtime/malloc/host.h"
#include "runtime/malloc/large.h"
#include "runtime/malloc/object.h"

/* Who called. */
#define FROM __builtin_return_address(0)

static void *object_new(size_t bytes, const void *from)
{
	void *p = cache_malloc(host_cache(), bytes);

	host_own(p, from);
	return p;
}

static void object_end(void *p)
{
	host_disown(p);
	cache_put(host_cache(), p);
}

/* Pages that are fresh are zero. */
static void clear(void *p, size_t bytes)
{
	const struct span *s = bytes > SMALL_MAX ? span_of(p) : NULL;

	if (!s || !s->fresh)
		memset(p, 0, bytes);
}

void *pgo_calloc(size_t n, size_t bytes)
{
	size_t all;
	void *p;

	if (__builtin_mul_overflow(n, bytes, &all))
		return host_no_memory();
	p = object_new(all, FROM);
	if (p)
		clear(p, all);
	return p;
}

/* Whether BYTES are well served by the object there is: not too small, and
 * less than half of it would be lost. */
static bool fits(size_t had, size_t bytes)
{
	return bytes <= had && (bytes > had / 2 || had <= 64);
}

static void *moved(void *p, size_t had, size_t bytes, const void *from)
{
	void *to = object_new(bytes, from);

	if (!to)
		return NULL;
	memcpy(to, p, had < bytes ? had : bytes);
	object_end(p);
	return to;
}

static bool resized(void *p, struct span *s, size_t bytes, const void *from)
{
	bool done;

	host_disown(p);
	done = large_resize(s, bytes);
	host_own(p, from);
	return done;
}

void *pgo_realloc(void *p, size_t bytes)
{
	struct span *s;
	size_t had;

	if (!p)
		return object_new(bytes, FROM);
	s = object_span(p, "realloc");
	if (!bytes) {
		object_end(p);
		return NULL;
	}
	had = object_bytes(s);
	if (fits(had, bytes))
		return p;
	if (s->kind == SPAN_LARGE && bytes > SMALL_MAX &&
	    resized(p, s, bytes, FROM))
		return p;
	return moved(p, had, bytes, FROM);
}

/* A small object at a multiple of ALIGN, at most a page, is one of a class that
 * is a multiple: spans begin at pages. */
static unsigned aligned_class(size_t align, size_t bytes)
{
	unsigned class = bytes <= SMALL_MAX ? class_of(bytes) : CLASSES;

	while (class < CLASSES && classes[class].bytes % align)
		class++;
	return class;
}

void *pgo_aligned_alloc(size_t align, size_t bytes)
{
	unsigned class;
	void *p;

	if (!align || (align & (align - 1)))
		return host_refuse();
	if (align <= 16)
		return object_new(bytes, FROM);
	class = align <= PAGE_BYTES ? aligned_class(align, bytes) : CLASSES;
	if (class < CLASSES)
		return object_new(classes[class].bytes, FROM);
	p = large_new(bytes, align);
	host_own(p, FROM);
	return p;
}

size_t pgo_malloc_usable_size(const void *p)
{
	return p ? object_bytes(object_span(p, "malloc_usable_size")) : 0;
}
