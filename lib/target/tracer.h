/*
 * Stopping the threads of another process, and their registers.
 *
 * ptrace(2) belongs to a thread: who has seized a thread must also ask and let
 * go, and when it ends the kernel lets go for it.  So a tracer is a thread of
 * its own, and whatever becomes of its caller, what it stopped goes on: after
 * tracer_end(), and when this program dies.
 *
 * One caller at a time.  [any but g]
 */
#ifndef LIB_TARGET_TRACER_H
#define LIB_TARGET_TRACER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/target/space.h"

struct tracer;

/* Starts one for process PID; nothing is stopped yet.  READS counts on while
 * its memory is read, and outlives the tracer.  0 or -E. */
int tracer_start(struct tracer **out, pid_t pid,
		 const _Atomic uint64_t *reads);

/* Stops all threads, until tracer_end(), or until nothing was read for a second
 * and a half.  0; -EPERM, -ESRCH; -EBUSY when one did not stop within a second:
 * end the tracer then. */
int tracer_freeze(struct tracer *t);

/* Registers of thread TID, which is stopped for it unless it is already.  0;
 * -EPERM, -ESRCH; -EBUSY as above, after 50 ms, or when all were let go. */
int tracer_regs(struct tracer *t, pid_t tid, struct space_regs *out);

/* Lets all go on.  -EBUSY when they did so before, else 0.  T may be NULL. */
int tracer_end(struct tracer *t);

#endif
