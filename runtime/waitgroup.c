/* A counter whose waiters sleep until it is zero. */
#include <pgo/waitgroup.h>

#include "runtime/fatal.h"
#include "runtime/waiter.h"

/* The public struct holds a struct lock by its word. */
_Static_assert(sizeof(struct lock) == sizeof(uint32_t), "lock_ is a lock");

static struct lock *lock_of(struct pgo_waitgroup *wg)
{
	return (struct lock *)&wg->lock_;
}

void pgo_waitgroup_add(struct pgo_waitgroup *wg, int n)
{
	struct waiter *waiters = NULL;
	int64_t count;

	sched_point();
	fiber_release(wg);
	lock_get(lock_of(wg));
	count = (int64_t)wg->count_ + n;
	if (count >= 0 && count <= INT32_MAX)
		wg->count_ = (int32_t)count;
	if (!count) {
		waiters = wg->waiters_;
		wg->waiters_ = NULL;
	}
	lock_put(lock_of(wg));
	if (count < 0)
		fatal_panic("sync: negative WaitGroup counter");
	if (count > INT32_MAX)
		fatal_panic("sync: WaitGroup counter overflow");
	waiter_wake_all(waiters);
}

void pgo_waitgroup_done(struct pgo_waitgroup *wg)
{
	pgo_waitgroup_add(wg, -1);
}

void pgo_waitgroup_wait(struct pgo_waitgroup *wg)
{
	struct waiter w = { .g = g_get() };

	lock_get(lock_of(wg));
	if (!wg->count_) {
		lock_put(lock_of(wg));
		fiber_acquire(wg);
		return;
	}
	w.next = wg->waiters_;
	wg->waiters_ = &w;
	waiter_sleep(&w, lock_of(wg), WAIT_WAITGROUP, wg);
	fiber_acquire(wg);
}
