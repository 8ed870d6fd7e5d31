/*
 * Threads of the program's that wait for goroutines.
 *
 * One that sleeps until a goroutine wakes it cannot end a deadlock, so such
 * threads are counted: from before what they wait on can be seen by others,
 * until somebody is about to wake them.
 */
#ifndef PGO_RUNTIME_FOREIGN_H
#define PGO_RUNTIME_FOREIGN_H

#include "runtime/lock.h"

/* The calling thread, which is no M, is about to let go of the lock below which
 * it can be found, and will then sleep.  [any] */
void foreign_begin_sleep(void);

/* Sleeps until foreign_wake(), which others may have called already. */
void foreign_sleep(struct note *n);

/* Wakes the thread that sleeps on N or is about to.  [any] */
void foreign_wake(struct note *n);

#endif
