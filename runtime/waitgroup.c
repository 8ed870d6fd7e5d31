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

static _Noreturn void die_of(int64_t count)
{
	fatal_panic(count < 0 ? "sync: negative WaitGroup counter" :
				"sync: WaitGroup counter overflow");
}

void pgo_waitgroup_add(struct pgo_waitgroup *wg, int n)
{
	struct waiter *waiters = NULL;
	int64_t count;

	sched_point();
	fiber_release(wg);
	lock_get(lock_of(wg));
	count = (int64_t)wg->count_ + n;
	if (SELDOM(count < 0 || count > INT32_MAX)) {
		lock_put(lock_of(wg));
		die_of(count);
	}
	wg->count_ = (int32_t)count;
	if (!count) {
		waiters = wg->waiters_;
		wg->waiters_ = NULL;
	}
	lock_put(lock_of(wg));
	if (waiters)
		waiter_wake_all(waiters);
}

void pgo_waitgroup_done(struct pgo_waitgroup *wg)
{
	pgo_waitgroup_add(wg, -1);
}

/* Its lock is held. */
static __attribute__((noinline)) void wait(struct pgo_waitgroup *wg)
{
	struct waiter w;

	waiter_init(&w, NULL);
	w.next = wg->waiters_;
	wg->waiters_ = &w;
	waiter_sleep(&w, lock_of(wg), WAIT_WAITGROUP, wg);
}

void pgo_waitgroup_wait(struct pgo_waitgroup *wg)
{
	lock_get(lock_of(wg));
	if (wg->count_)
		wait(wg);
	else
		lock_put(lock_of(wg));
	fiber_acquire(wg);
}
