/* Calling a function once, whoever comes first. */
#include <pgo/mutex.h>

#include "runtime/fiber.h"

void pgo_once_do(struct pgo_once *o, void (*fn)(void *), void *arg)
{
	/* Acquire: what FN wrote.  Pairs with the release below. */
	if (__atomic_load_n(&o->done_, __ATOMIC_ACQUIRE)) {
		fiber_acquire(o);
		return;
	}
	pgo_mutex_lock(&o->mutex_);
	if (!o->done_) {
		fn(arg);
		fiber_release(o);
		__atomic_store_n(&o->done_, 1, __ATOMIC_RELEASE);
	}
	pgo_mutex_unlock(&o->mutex_);
}
