/*
 * The program's signal mask, and signals sent to oneself.
 *
 * Goroutines have one mask together, as the functions of a program with one
 * thread do: what one blocks is blocked for all, and stays pending for the
 * process, where sigwait(3) and signalfd(2) find it.  Threads of the program's
 * have their own.
 */
#ifndef PGO_RUNTIME_SIGMASK_H
#define PGO_RUNTIME_SIGMASK_H

#include <signal.h>

/* As sigprocmask(2), of whoever calls; 0 or an errno.  [m] */
int sigmask_change(int how, const sigset_t *set, sigset_t *old);

#endif
