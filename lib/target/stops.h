/*
 * A sampler that stops threads: for where perf events are not allowed.  The
 * target pays for it, some 30 us a sample; figures.stopped_ns tells.
 */
#ifndef LIB_TARGET_STOPS_H
#define LIB_TARGET_STOPS_H

#include "lib/target/sampler.h"

/* As perf_open(), but threads are stopped no more than 100 times a second each:
 * with a higher HZ a sample stands for several periods.  0 or -E with words in
 * E: -EPERM when the target may not be traced, -EBUSY when another does. */
int stops_open(struct sampler **out, pid_t pid, int hz, struct err *e);

#endif
