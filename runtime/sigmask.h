/*
 * The program's signal mask.
 *
 * Goroutines have one mask together, as the functions of a program with one
 * thread do: what one blocks is blocked for all, and stays pending for the
 * process, where sigwait(3) and signalfd(2) find it.  Threads of the program's
 * have their own.
 */
#ifndef PGO_RUNTIME_SIGMASK_H
#define PGO_RUNTIME_SIGMASK_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SIGMASK_ALL (~UINT64_C(0))

/* Whether the caller is one of those who share it; in a handler on an M the
 * mask is the thread's: the kernel puts it back when the handler returns. */
bool sigmask_is_shared(void);

/* The mask of whoever calls.  [m] */
uint64_t sigmask_now(void);

/* Takes CLEAR out of it, then puts SET in; returns what it was.  [m] */
uint64_t sigmask_put(uint64_t clear, uint64_t set);

/* As sigprocmask(2), of whoever calls; 0 or an errno.  [m] */
int sigmask_change(int how, const sigset_t *set, sigset_t *old);

/* The kernel's form of a set, and libc's. */
static inline uint64_t sigmask_of(const sigset_t *set)
{
	uint64_t mask;

	memcpy(&mask, set, sizeof(mask));
	return mask;
}

static inline void sigmask_to(sigset_t *set, uint64_t mask)
{
	sigemptyset(set);
	memcpy(set, &mask, sizeof(mask));
}

#endif
