/*
 * The runtime's own locks and one-shot events, on raw futexes.
 *
 * A goroutine that holds a lock cannot be preempted (no split prologue runs,
 * and no signal takes it off the runtime's code) and must not call anything
 * that goes through a thunk: its way out may give the P away.  Lock ranks are
 * in docs/HACKING.md.
 */
#ifndef PGO_RUNTIME_LOCK_H
#define PGO_RUNTIME_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct lock {
	_Atomic uint32_t word;  /* 0 free, 1 held */
};

/* How many sleep, or are about to, on locks that share an entry.  Not in the
 * lock, for that may be gone as soon as it is free. */
enum { LOCK_BEDS = 256 };
extern _Atomic uint32_t lock_beds[LOCK_BEDS]
	__attribute__((visibility("hidden")));

static inline _Atomic uint32_t *lock_bed(const struct lock *l)
{
	return &lock_beds[((uintptr_t)l >> 6) % LOCK_BEDS];
}

void lock_wait(struct lock *l);
void lock_wake(struct lock *l);

/* [any], not [sig] */
static inline bool lock_try(struct lock *l)
{
	uint32_t zero = 0;

	return atomic_compare_exchange_strong_explicit(
		&l->word, &zero, 1, memory_order_acquire, memory_order_relaxed);
}

static inline void lock_get(struct lock *l)
{
	if (__builtin_expect(!lock_try(l), 0))
		lock_wait(l);
}

/* Lets go, and returns whether lock_wake() is to be called. */
static inline bool lock_drop(struct lock *l)
{
	_Atomic uint32_t *bed = lock_bed(l);

	atomic_store_explicit(&l->word, 0, memory_order_release);
	/* The store first; the barrier that orders the two is on the sleeper:
	 * see lock_wait(). */
	atomic_signal_fence(memory_order_seq_cst);
	return atomic_load_explicit(bed, memory_order_relaxed);
}

static inline void lock_put(struct lock *l)
{
	if (__builtin_expect(lock_drop(l), 0))
		lock_wake(l);
}

/* An event that is set once, then cleared by its only waiter. */
struct note {
	_Atomic uint32_t set;
};

/* Sets the note; wakes the waiter.  [any] [sig] */
void note_wake(struct note *n);

/*
 * Waits until the note is set, or until DEADLINE_NS on the monotonic clock
 * (negative: for ever), and clears it.  Returns whether it was set.  [m]
 */
bool note_wait(struct note *n, int64_t deadline_ns);

/* futex(2) on a private word; a wait returns at once unless *WORD == VALUE. */
void futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t deadline_ns);
void futex_wake(_Atomic uint32_t *word, int count);

#endif
