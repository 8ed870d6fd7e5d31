/*
 * A release finds the one that waits longest and gives it what it brought:
 * count_ stays 0 while somebody waits, so nobody overtakes.
 */
#include "runtime/sema.h"

#include "runtime/fatal.h"

static bool take(struct pgo_sema *s)
{
	if (!s->count_)
		return false;
	s->count_--;
	return true;
}

void sema_acquire(struct pgo_sema *s, enum wait_reason why, const void *on)
{
	struct waiter w = { .g = g_get() };
	struct lock *lock = lock_of_word(&s->lock_);

	lock_get(lock);
	if (take(s)) {
		lock_put(lock);
	} else {
		waitq_put(waitq_of_ends(&s->first_), &w);
		waiter_sleep(&w, lock, why, on);
	}
	fiber_acquire(s);
}

void pgo_sema_acquire(struct pgo_sema *s)
{
	sched_point();
	sema_acquire(s, WAIT_SEMA, s);
}

int pgo_sema_tryacquire(struct pgo_sema *s)
{
	bool had;

	lock_get(lock_of_word(&s->lock_));
	had = take(s);
	lock_put(lock_of_word(&s->lock_));
	if (had)
		fiber_acquire(s);
	return had;
}

void pgo_sema_release(struct pgo_sema *s)
{
	struct waiter *w;
	bool full = false;

	fiber_release(s);
	lock_get(lock_of_word(&s->lock_));
	w = waitq_get(waitq_of_ends(&s->first_));
	if (!w)
		full = s->count_++ == UINT32_MAX;
	lock_put(lock_of_word(&s->lock_));
	if (full)
		fatal_throw("pgo: semaphore counter overflow");
	if (w)
		waiter_wake(w);
}
