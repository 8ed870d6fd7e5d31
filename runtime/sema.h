/* Semaphores, and what locks are made of them. */
#ifndef PGO_RUNTIME_SEMA_H
#define PGO_RUNTIME_SEMA_H

#include <pgo/sema.h>

#include "runtime/reason.h"
#include "runtime/waiter.h"

/* pgo_sema_acquire(), shown as waiting for WHY on ON.  [any] */
void sema_acquire(struct pgo_sema *s, enum wait_reason why, const void *on);

/* The public structs hold a struct lock by its word and a list by its ends. */
_Static_assert(sizeof(struct lock) == sizeof(uint32_t), "lock_ is a lock");
_Static_assert(sizeof(struct waitq) == 2 * sizeof(void *), "two ends");

static inline struct lock *lock_of_word(uint32_t *word)
{
	return (struct lock *)word;
}

static inline struct waitq *waitq_of_ends(void **first)
{
	return (struct waitq *)first;
}

#endif
