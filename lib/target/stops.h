/*
 * A sampler that stops threads: for where perf events are not allowed.  The
 * target pays for it, some 30 us a sample; figures.stopped_ns tells.
 */
#ifndef LIB_TARGET_STOPS_H
#define LIB_TARGET_STOPS_H

#include "lib/target/sampler.h"

enum { STOPS_HZ_MAX = 100 };

/* As perf_open(), HZ at most STOPS_HZ_MAX.  0 or -E with words in E: -EPERM
 * when the target may not be traced, or is by another. */
int stops_open(struct sampler **out, pid_t pid, int hz, struct err *e);

#endif
