/* Timers, from within the runtime. */
#ifndef PGO_RUNTIME_TICKER_H
#define PGO_RUNTIME_TICKER_H

#include <pgo/timer.h>

/* Calls FN(ARG) at WHEN_NS on the monotonic clock, in the scheduler: FN must
 * not park, and must not free the timer.  NULL when memory is out.  [any] */
struct pgo_timer *ticker_call(int64_t when_ns, void (*fn)(void *), void *arg);

#endif
