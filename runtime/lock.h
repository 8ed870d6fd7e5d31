/*
 * The runtime's own locks and one-shot events, on raw futexes.
 *
 * A goroutine that holds a lock cannot be preempted (no split prologue runs)
 * and must not call anything that goes through a thunk: its way out may give
 * the P away.  Lock ranks are in docs/HACKING.md.
 */
#ifndef PGO_RUNTIME_LOCK_H
#define PGO_RUNTIME_LOCK_H

#include <stdbool.h>
#include <stdint.h>

struct lock {
	_Atomic uint32_t word;  /* 0 free, 1 held, 2 held and waited for */
};

/* [any], not [sig] */
void lock_get(struct lock *l);
bool lock_try(struct lock *l);
void lock_put(struct lock *l);

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
