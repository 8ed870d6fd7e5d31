/*
 * What the allocator asks of the program it is in: one with goroutines, or,
 * where PGO_MALLOC_ALONE is set, any (libpgo-malloc.so).
 */
#ifndef PGO_RUNTIME_MALLOC_HOST_H
#define PGO_RUNTIME_MALLOC_HOST_H

#include "runtime/malloc/cache.h"

#ifdef PGO_MALLOC_ALONE
enum { HOST_SAMPLED_RATE = 0 };
#else
#include "runtime/m.h"

enum { HOST_SAMPLED_RATE = 512 << 10 };
#endif

/* The cache to use now: of the P, for a goroutine that is not in C, as
 * p_get() says.  [any] */
static inline struct cache *host_cache(void)
{
#ifndef PGO_MALLOC_ALONE
	const struct m *m = m_or_none;

	/* Only this thread changes it. */
	if (*(void *const *)&m->csp)
		return m->cache;
#endif
	return cache_thread;
}

/* A cache for whoever host_cache() gave one that stays empty; NULL when there
 * can be none.  [g] */
struct cache *host_new_cache(void);

/* Sets errno to ENOMEM and returns NULL.  [g] */
void *host_no_memory(void);

/* Sets errno to EINVAL and returns NULL.  [g] */
void *host_refuse(void);

/* "goroutine" or "thread", and its number. */
const char *host_who(uint64_t *id);

/* "fatal error: TEXT" and the end.  [any] */
_Noreturn void host_die(const char *text);

/* All objects will be in the BYTES at P.  Once, heap.lock held. */
void host_heap(const void *p, size_t bytes);

/* The object at P, NULL or not, is its new owner's, who asked at FROM; soon it
 * will be nobody's.  What one owner does there does not race with what the next
 * does.  [g] */
void host_own(void *p, const void *from);
void host_disown(void *p);

/* The new object of S is sampled: remembers the caller's stack in S->sample;
 * it goes.  The first may change the caller's thread.  [g] */
void host_sample(struct span *s);
void host_sample_ends(struct span *s);

#endif
