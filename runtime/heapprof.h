/* The heap profile: where the objects that were sampled come from. */
#ifndef PGO_RUNTIME_HEAPPROF_H
#define PGO_RUNTIME_HEAPPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span;
struct view_heap;

/* The one object of S is new: the caller's stack is kept, and where in
 * S->sample.  BY_GOROUTINE: of the goroutine that was off C until it called
 * this by pgo_sys().  [m] */
void heapprof_add(struct span *s, bool by_goroutine);

/* It goes.  [g] */
void heapprof_remove(const struct span *s);

/* As struct view's heap_rate() and heap().  [any but g] */
uint64_t heapprof_rate(void);
int heapprof_get(uint32_t index, struct view_heap *out, uint64_t *pcs,
		 uint32_t max);

/* Around a fork(). */
void heapprof_lock(void);
void heapprof_unlock(void);

#endif
