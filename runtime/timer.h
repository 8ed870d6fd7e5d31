/*
 * Sleeping goroutines, in one heap.  Ms look at timer_next_ns() whenever they
 * schedule; one idle M sleeps no longer than that.
 */
#ifndef PGO_RUNTIME_TIMER_H
#define PGO_RUNTIME_TIMER_H

#include <stdint.h>

/* When the earliest sleep ends, monotonic; INT64_MAX when nobody sleeps.
 * [any] */
int64_t timer_next_ns(void);

/* Readies everyone whose time has come by NOW_NS.  [m] */
void timer_run(int64_t now_ns);

#endif
