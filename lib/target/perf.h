/* A sampler by perf events: nothing is stopped, and the kernel copies
 * registers and the upper end of the stack at the very moment. */
#ifndef LIB_TARGET_PERF_H
#define LIB_TARGET_PERF_H

#include "lib/target/sampler.h"

/*
 * Samples all threads of PID, those to come too, HZ times for each second of
 * CPU time, with STACK_BYTES of stack.  0 or -E with words in E: -EACCES when
 * the machine does not allow it (perf_event_paranoid, seccomp), -ENOSYS.
 */
int perf_open(struct sampler **out, pid_t pid, int hz, size_t stack_bytes,
	      struct err *e);

#endif
