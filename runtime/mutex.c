/*
 * The mutex.
 *
 * One word while nobody waits: 0 or HELD, changed by compare-and-swap.  Who
 * must wait takes the lock inside and sets SLOW; from then on the word is
 * changed under that lock only, because neither compare-and-swap fits, until
 * the last waiter clears SLOW.
 *
 *   HELD      somebody has it
 *   SLOW      there are waiters, or one that was woken and is on its way
 *   AWAKE     one was woken and has not tried yet: nobody else need be
 *   STARVING  it is handed to the first waiter; others go to the end
 *
 * A woken waiter competes with those that run and have the word in their
 * cache, which keeps a hot mutex on one CPU; when it has lost for a
 * millisecond, STARVING ends the competition until the line is short again.
 *
 * Source: Go's src/internal/sync/mutex.go for the two modes and the
 * millisecond.
 */
#include <pgo/mutex.h>

#include "lib/base/clock.h"
#include "runtime/fatal.h"
#include "runtime/sema.h"

enum { HELD = 1, SLOW = 2, AWAKE = 4, STARVING = 8 };
enum { SPINS = 4, SPIN_PAUSES = 30 };

#define STARVES_NS INT64_C(1000000)

static uint32_t word_of(const struct pgo_mutex *m)
{
	return __atomic_load_n(&m->state_, __ATOMIC_RELAXED);
}

static bool take_free(struct pgo_mutex *m)
{
	uint32_t free = 0;

	/* Acquire: what the last holder wrote.  Pairs with the releases in
	 * pgo_mutex_unlock() and set(). */
	return __atomic_compare_exchange_n(&m->state_, &free, HELD, false,
					   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Under the lock inside, when SLOW is or was just set. */
static void set(struct pgo_mutex *m, uint32_t word)
{
	__atomic_store_n(&m->state_, word, __ATOMIC_RELEASE);
}

/* Makes the word ours, which is under the lock inside; what it was. */
static uint32_t make_slow(struct pgo_mutex *m)
{
	return __atomic_fetch_or(&m->state_, SLOW, __ATOMIC_ACQUIRE);
}

static bool has_waiters(const struct pgo_mutex *m)
{
	return m->first_ != NULL;
}

/* A little while for a holder that is about to let go, on another CPU. */
static bool spin(struct pgo_mutex *m)
{
	if (sched.gomaxprocs < 2)
		return false;
	for (int i = 0; i < SPINS; i++) {
		if (word_of(m) & SLOW)
			return false;
		for (int j = 0; j < SPIN_PAUSES; j++)
			__builtin_ia32_pause();
		if (take_free(m))
			return true;
	}
	return false;
}

/* One that has slept. */
struct attempt {
	struct waiter w;
	int64_t since_ns;       /* 0: it has not slept yet */
};

/* Under the lock inside: takes M if that may be, else goes to sleep, which
 * drops the lock.  Whether M is the caller's now. */
static bool take_or_sleep(struct pgo_mutex *m, struct attempt *a)
{
	uint32_t word = make_slow(m);
	struct waitq *q = waitq_of_ends(&m->first_);

	if (a->since_ns)
		word &= ~(uint32_t)AWAKE;
	if (!(word & (HELD | STARVING))) {
		set(m, HELD | (word & AWAKE) |
			       (has_waiters(m) || word & AWAKE ? SLOW : 0));
		lock_put(lock_of_word(&m->lock_));
		return true;
	}
	if (!a->since_ns) {
		a->since_ns = clock_mono_ns();
		waitq_put(q, &a->w);
	} else {
		if (clock_mono_ns() - a->since_ns > STARVES_NS)
			word |= STARVING;
		waitq_put_first(q, &a->w);
	}
	a->w.elem = &a->since_ns;
	set(m, word | SLOW);
	waiter_sleep(&a->w, lock_of_word(&m->lock_), WAIT_MUTEX, m);
	return a->w.ok;
}

__attribute__((noinline)) static void lock_slowly(struct pgo_mutex *m)
{
	struct attempt a = { .w = { .g = g_get() } };

	if (spin(m))
		return;
	do
		lock_get(lock_of_word(&m->lock_));
	while (!take_or_sleep(m, &a));
}

void pgo_mutex_lock(struct pgo_mutex *m)
{
	sched_point();
	if (!take_free(m))
		lock_slowly(m);
	fiber_acquire(m);
}

int pgo_mutex_trylock(struct pgo_mutex *m)
{
	bool taken = take_free(m);

	if (taken)
		fiber_acquire(m);
	return taken;
}

/* M goes straight to the first waiter, which there is; the word after that. */
static uint32_t hand_over(struct pgo_mutex *m, struct waiter **wake)
{
	struct waiter *w = waitq_get(waitq_of_ends(&m->first_));
	const int64_t *since_ns = w->elem;
	uint32_t word = HELD | (has_waiters(m) ? SLOW | STARVING : 0);

	if (clock_mono_ns() - *since_ns < STARVES_NS)
		word &= ~(uint32_t)STARVING;
	w->ok = true;
	*wake = w;
	return word;
}

__attribute__((noinline)) static void unlock_slowly(struct pgo_mutex *m)
{
	struct waiter *wake = NULL;
	uint32_t word;

	lock_get(lock_of_word(&m->lock_));
	word = make_slow(m);
	if (!(word & HELD)) {
		lock_put(lock_of_word(&m->lock_));
		fatal_throw("sync: unlock of unlocked mutex");
	}
	if (word & STARVING && has_waiters(m)) {
		word = hand_over(m, &wake);
	} else if (has_waiters(m) && !(word & AWAKE)) {
		wake = waitq_get(waitq_of_ends(&m->first_));
		wake->ok = false;
		word = SLOW | AWAKE;
	} else {
		word = has_waiters(m) || word & AWAKE ?
			       SLOW | (word & AWAKE) : 0;
	}
	set(m, word);
	lock_put(lock_of_word(&m->lock_));
	if (wake)
		waiter_wake(wake);
}

void pgo_mutex_unlock(struct pgo_mutex *m)
{
	uint32_t held = HELD;

	fiber_release(m);
	/* Release: pairs with the acquire in take_free(). */
	if (!__atomic_compare_exchange_n(&m->state_, &held, 0, false,
					 __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		unlock_slowly(m);
}
