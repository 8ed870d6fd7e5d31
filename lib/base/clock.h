/* Clocks, in nanoseconds.  [any] [sig]: all are answered without a system
 * call. */
#ifndef LIB_BASE_CLOCK_H
#define LIB_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Since some fixed moment; never goes back. */
static inline int64_t clock_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* The same clock as of the last tick, up to 10 ms old, at a fifth of the
 * price. */
static inline int64_t clock_coarse_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE);
}

/* Since the epoch. */
static inline int64_t clock_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

#endif
