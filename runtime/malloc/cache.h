/*
 * Caches: free objects at hand, a magazine a class.
 *
 * A P has one, which goroutine code on it uses: no lock and no atomic, for a P
 * has one thread, and the runtime's code is not preempted.  In C, where the P
 * may be taken at any moment, and on other threads, the thread's own is used.
 *
 * The two fast ways are here, to become part of pgo_malloc() and pgo_free().
 * They count nothing but down: LEFT until the next sample, ROOM until the next
 * look at how long the list is.  How many objects came and went follows from
 * the two, so that the figures are exact and cost nothing.
 */
#ifndef PGO_RUNTIME_MALLOC_CACHE_H
#define PGO_RUNTIME_MALLOC_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/malloc/central.h"
#include "runtime/malloc/class.h"
#include "runtime/malloc/span.h"

/* Owner only; others read counters.  A class not used yet has magic 0. */
struct magazine {
	void *first;            /* the list, linked by first words */
	uint32_t left;          /* objects to malloc before one is sampled */
	uint32_t room;          /* objects to free before the next look */
	uint64_t magic;         /* the class's */
	void *more;             /* one more list */
	uint32_t more_n;
	uint32_t n;             /* on the first list, at the last look */
	uint32_t left_was;      /* left and room at the last look */
	uint32_t room_was;
	uint64_t mallocs;       /* up to the last look */
	uint64_t frees;
};

_Static_assert(sizeof(struct magazine) == 1 << CENTRAL_MAGAZINE_SHIFT,
	       "a row's word says where it is");

struct cache {
	struct magazine magazines[CLASSES]; /* the one at 0 stays empty */
	struct magazine *tiny[TINY_MAX / 16 + 1]; /* as class_tiny */
	uint32_t random;        /* 0 in those that stay empty */
	struct cache *next;     /* caches.lock: the list of all */
};

/* Of a P or thread that has none yet: empty for ever. */
extern struct cache cache_none;

extern __thread struct cache *cache_thread
	__attribute__((tls_model("initial-exec")));

/* A cache, NULL when memory is out; and back, with its objects.  [any] */
struct cache *cache_new(void);
void cache_free(struct cache *c);

/* The calling thread gets one, for as long as it lives; NULL when it may not,
 * or memory is out.  [any], off goroutines */
struct cache *cache_new_thread(void);

/* All objects of C go to where others can take them.  [any], by its owner */
void cache_flush(struct cache *c);

/* Objects of CLASS malloced and freed so far, by all caches; exact when none
 * is in use.  [any] */
void cache_count(unsigned class, uint64_t *mallocs, uint64_t *frees);

/* BYTES of memory, NULL when there is none; what the fast way cannot do.
 * [g] */
void *cache_malloc_slowly(size_t bytes, struct cache *c);
void cache_free_slowly(void *p, struct cache *c);

/* The list of all; for a walk while nobody else uses the heap. */
struct cache *cache_first(void);

/* Keeps other threads out of everything, around a fork(). */
void cache_lock_all(void);
void cache_unlock_all(void);

/* One less; true when there was none.  gcc makes six instructions of two. */
static inline bool cache_count_down(uint32_t *n)
{
	bool below;

	__asm__("subl $1, %0" : "+m"(*n), "=@ccc"(below));
	return below;
}

static inline void *cache_malloc(struct cache *c, size_t bytes)
{
	struct magazine *mag;
	void **object;

	if (__builtin_expect(bytes > TINY_MAX, 0))
		return cache_malloc_slowly(bytes, c);
	mag = c->tiny[(bytes + 15) / 16];
	object = mag->first;
	/* An empty list first: cache_none must not be written. */
	if (__builtin_expect(!object, 0) ||
	    __builtin_expect(cache_count_down(&mag->left), 0))
		return cache_malloc_slowly(bytes, c);
	mag->first = object[0];
	object[1] = NULL;
	return object;
}

static inline void cache_put(struct cache *c, void *p)
{
	size_t page = page_of(p);
	void **object = p;
	struct magazine *mag;

	if (__builtin_expect(page >= pages.pages, 0))
		goto slow;
	mag = (void *)((char *)c + row_at(page)->magazine);
	/* Pages of no small objects, the insides of objects, caches without
	 * this class: all by this one.  Then nothing is written. */
	if (__builtin_expect(!class_begins(mag->magic, p), 0))
		goto slow;
	if (__builtin_expect((uintptr_t)object[1] == central_mark(p), 0) ||
	    __builtin_expect(cache_count_down(&mag->room), 0))
		goto slow;
	object[0] = mag->first;
	object[1] = (void *)central_mark(p);
	mag->first = object;
	return;
slow:
	cache_free_slowly(p, c);
}

#endif
