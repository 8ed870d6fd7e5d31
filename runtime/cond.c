/*
 * Conditions.
 *
 * Who waits draws a ticket before it unlocks the mutex, and only then goes on
 * the list: a signal in between calls its number, and it does not sleep at
 * all.  Nothing is lost, and no two locks are held at once.
 *
 * Source: notifyList in Go's src/runtime/sema.go.
 */
#include <pgo/mutex.h>

#include "runtime/sema.h"

/* Whether ticket A was drawn before B; they wrap. */
static bool is_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static uint32_t ticket_of(const struct waiter *w)
{
	return (uint32_t)(uintptr_t)w->elem;
}

static void sleep_until_called(struct pgo_cond *c, uint32_t ticket)
{
	struct waiter w = {
		.g = g_get(), .elem = (void *)(uintptr_t)ticket,
	};

	lock_get(lock_of_word(&c->lock_));
	if (is_before(ticket, c->woken_)) {
		lock_put(lock_of_word(&c->lock_));
		return;
	}
	waitq_put(waitq_of_ends(&c->first_), &w);
	waiter_sleep(&w, lock_of_word(&c->lock_), WAIT_COND, c);
}

void pgo_cond_wait(struct pgo_cond *c, struct pgo_mutex *m)
{
	uint32_t ticket = __atomic_fetch_add(&c->waited_, 1, __ATOMIC_RELAXED);

	pgo_mutex_unlock(m);
	sleep_until_called(c, ticket);
	pgo_mutex_lock(m);
}

/* Whether nobody waits that was not called.  Without the lock: the caller
 * signals after the condition has changed under the mutex, or takes its
 * chance. */
static bool all_called(const struct pgo_cond *c)
{
	return __atomic_load_n(&c->waited_, __ATOMIC_ACQUIRE) ==
	       __atomic_load_n(&c->woken_, __ATOMIC_RELAXED);
}

/* The one with TICKET off the list; NULL when it is not on it yet. */
static struct waiter *take(struct pgo_cond *c, uint32_t ticket)
{
	struct waitq *q = waitq_of_ends(&c->first_);

	for (struct waiter *w = q->first; w; w = w->next)
		if (ticket_of(w) == ticket) {
			waitq_remove(q, w);
			return w;
		}
	return NULL;
}

void pgo_cond_signal(struct pgo_cond *c)
{
	struct waiter *w = NULL;

	if (all_called(c))
		return;
	lock_get(lock_of_word(&c->lock_));
	if (!all_called(c)) {
		w = take(c, c->woken_);
		__atomic_store_n(&c->woken_, c->woken_ + 1, __ATOMIC_RELAXED);
	}
	lock_put(lock_of_word(&c->lock_));
	if (w)
		waiter_wake(w);
}

void pgo_cond_broadcast(struct pgo_cond *c)
{
	struct waiter *all;

	if (all_called(c))
		return;
	lock_get(lock_of_word(&c->lock_));
	all = c->first_;
	c->first_ = c->last_ = NULL;
	__atomic_store_n(&c->woken_,
			 __atomic_load_n(&c->waited_, __ATOMIC_ACQUIRE),
			 __ATOMIC_RELAXED);
	lock_put(lock_of_word(&c->lock_));
	waiter_wake_all(all);
}
