/* The heap profile: where the objects that were sampled come from. */
#ifndef PGO_RUNTIME_HEAPPROF_H
#define PGO_RUNTIME_HEAPPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span;

/* The one object of S is new: the caller's stack is kept, and where in
 * S->sample.  BY_GOROUTINE: of the goroutine that was off C until it called
 * this by pgo_sys().  [m] */
void heapprof_add(struct span *s, bool by_goroutine);

/* It goes.  [g] */
void heapprof_remove(const struct span *s);

/*
 * Shows each stack and size of object that was sampled, with numbers as they
 * were sampled, and returns the average distance of samples in bytes, 0 when
 * none are taken.  EACH must not allocate from the heap that is shown.
 * [any but g]
 */
uint64_t heapprof_each(void (*each)(void *ctx, const uint64_t *pcs, size_t n,
				    uint64_t bytes, uint64_t mallocs,
				    uint64_t frees),
		       void *ctx);

/* Around a fork(). */
void heapprof_lock(void);
void heapprof_unlock(void);

#endif
