/*
 * Signals.
 *
 * Ms block everything that is sent to the process: one plain thread takes it,
 * so that no goroutine's system call is interrupted.  Handlers, the program's
 * too, run on an alternate stack and count as C.
 */
#ifndef PGO_RUNTIME_SIGNAL_H
#define PGO_RUNTIME_SIGNAL_H

#include <signal.h>

struct m;

/* Starts the thread that takes the signals; SIGQUIT dumps and exits where its
 * disposition was the default.  0 or -E.  [any, once] */
int signal_setup(void);

/* The alternate stack and the mask of an M's thread, and back. */
void signal_m_begin(struct m *m);
void signal_m_end(struct m *m);

/* Installs a handler of the runtime's own, past the program's wrappers. */
int signal_handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags);

/* The mask the program had when pgo_run() began, for threads and children it
 * makes. */
const sigset_t *signal_program_mask(void);

#endif
