/* The processes of this machine and their threads. */
#ifndef LIB_TARGET_PROCS_H
#define LIB_TARGET_PROCS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"

/* Finds the processes, but for this one, whose program's file or command name
 * is NAME: the first MAX pids go to OUT.  Returns how many there are, or -E. */
ssize_t procs_named(const char *name, pid_t *out, size_t max);

/* All processes: the first MAX go to OUT, by pid.  As procs_named(). */
ssize_t procs_all(pid_t *out, size_t max);

/* For how long PID has been running; -1 when that cannot be seen. */
int64_t procs_age_ns(pid_t pid);

/* Adds a line: pid, start time, cgroup, as far as known. */
void procs_describe(struct buf *out, pid_t pid);

/* The threads of PID, as this process numbers them: the first MAX go to OUT.
 * Returns how many there are, or -E. */
ssize_t procs_threads(pid_t pid, pid_t *out, size_t max);

/* When PID was started, in clock ticks since the machine was: what tells it
 * from a later one of the same number.  0 when unknown. */
uint64_t procs_start_ticks(pid_t pid);

#endif
