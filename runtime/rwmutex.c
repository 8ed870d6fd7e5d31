/*
 * Readers and writers.
 *
 * count_ is how many readers there are; a writer that wants in takes PENDING
 * off it, so readers that come then see a negative number and wait, and
 * leaving_ counts those it still has to wait for.
 *
 * Source: Go's src/sync/rwmutex.go.
 */
#include <pgo/mutex.h>

#include "runtime/fatal.h"
#include "runtime/sema.h"

enum { PENDING = 1 << 30 };

/* All of these order as locks must: a full barrier each. */
static int32_t add(int32_t *at, int32_t n)
{
	return __atomic_add_fetch(at, n, __ATOMIC_SEQ_CST);
}

void pgo_rwmutex_rlock(struct pgo_rwmutex *rw)
{
	sched_point();
	if (add(&rw->count_, 1) < 0)
		sema_acquire(&rw->readers_, WAIT_RWMUTEX_READ, rw);
	fiber_acquire(&rw->readers_);
}

int pgo_rwmutex_tryrlock(struct pgo_rwmutex *rw)
{
	int32_t n = __atomic_load_n(&rw->count_, __ATOMIC_RELAXED);

	do
		if (n < 0)
			return 0;
	while (!__atomic_compare_exchange_n(&rw->count_, &n, n + 1, true,
					    __ATOMIC_SEQ_CST,
					    __ATOMIC_RELAXED));
	fiber_acquire(&rw->readers_);
	return 1;
}

void pgo_rwmutex_runlock(struct pgo_rwmutex *rw)
{
	int32_t n;

	fiber_release(&rw->writer_);
	n = add(&rw->count_, -1);
	if (n >= 0)
		return;
	if (n + 1 == 0 || n + 1 == -PENDING)
		fatal_throw("sync: RUnlock of unlocked RWMutex");
	/* A writer waits; the last reader before it wakes it. */
	if (add(&rw->leaving_, -1) == 0)
		pgo_sema_release(&rw->writer_);
}

/* The writers' mutex is held: wait for the readers that are there. */
static void expel_readers(struct pgo_rwmutex *rw)
{
	int32_t n = add(&rw->count_, -PENDING) + PENDING;

	if (n && add(&rw->leaving_, n))
		sema_acquire(&rw->writer_, WAIT_RWMUTEX_WRITE, rw);
}

/* Readers release one of the two, writers the other. */
static void acquire_all(struct pgo_rwmutex *rw)
{
	fiber_acquire(&rw->readers_);
	fiber_acquire(&rw->writer_);
}

void pgo_rwmutex_lock(struct pgo_rwmutex *rw)
{
	pgo_mutex_lock(&rw->writers_);
	expel_readers(rw);
	acquire_all(rw);
}

int pgo_rwmutex_trylock(struct pgo_rwmutex *rw)
{
	int32_t none = 0;

	if (!pgo_mutex_trylock(&rw->writers_))
		return 0;
	if (__atomic_compare_exchange_n(&rw->count_, &none, -PENDING, false,
					__ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
		acquire_all(rw);
		return 1;
	}
	pgo_mutex_unlock(&rw->writers_);
	return 0;
}

void pgo_rwmutex_unlock(struct pgo_rwmutex *rw)
{
	int32_t n;

	fiber_release(&rw->readers_);
	n = add(&rw->count_, PENDING);
	if (n >= PENDING)
		fatal_throw("sync: Unlock of unlocked RWMutex");
	while (n-- > 0)
		pgo_sema_release(&rw->readers_);
	pgo_mutex_unlock(&rw->writers_);
}
