/*
 * The program's signal handlers.
 *
 * Whoever sets one, in whatever words (sigaction, signal, sigset, a library by
 * any of them, or before pgo_run()), the kernel calls a trampoline of ours on
 * the signal stack, and that calls the handler.
 */
#ifndef PGO_RUNTIME_SIGACTION_H
#define PGO_RUNTIME_SIGACTION_H

#include <stdbool.h>
#include <stdint.h>

/* Puts the trampoline before handlers that were set past it.  [any, once] */
void sigaction_adopt(void);

/* After fork(): handlers can be set, whatever other threads held.  [m] */
void sigaction_in_child(void);

/* Whether the program has set a handler for SIG.  [any] */
bool sigaction_has(int sig);

/* Whether a handler is set that something from outside may call, and that
 * might wake a goroutine then.  [any] */
bool sigaction_may_wake(void);

/* How many times a handler has returned; the wait ends when that is no longer
 * N.  [m] */
uint32_t sigaction_count(void);
void sigaction_wait(uint32_t n);

#endif
