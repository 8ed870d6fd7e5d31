/*
 * One thread of another process, stopped for a moment by ptrace(2), which
 * belongs to a thread: who asks also waits and lets go.  [any but g]
 */
#ifndef LIB_TARGET_STOP_H
#define LIB_TARGET_STOP_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/target/space.h"

/* Asks TID to stop before its next instruction in user code.  0; -EPERM,
 * -ESRCH. */
int stop_ask(pid_t tid);

/* Waits until it has stopped, at *SIGNAL if for one, else 0.  0; -ESRCH when it
 * is gone; -EBUSY at the DEADLINE (monotonic): then wait again, or the end of
 * the calling thread lets it go.  *MOVED_NS, if not NULL, becomes the last
 * moment at which it was seen not to have stopped. */
int stop_wait(pid_t tid, int64_t deadline_ns, int *signal, int64_t *moved_ns);

/* Registers of one that has stopped.  0 or -ESRCH. */
int stop_regs(pid_t tid, struct space_regs *out);

/* Lets it go on, with the signal stop_wait() told. */
void stop_end(pid_t tid, int signal);

#endif
