/* Timers and tickers: a channel that something comes out of at a time. */
#ifndef PGO_TIMER_H
#define PGO_TIMER_H

#include <stdint.h>

#include <pgo/cdefs.h>
#include <pgo/chan.h>

PGO_BEGIN

struct pgo_timer;

/*
 * Once, in NS nanoseconds, the time (int64_t, ns on the monotonic clock) can
 * be received from its channel.  NULL when memory is out.  [any, once
 * pgo_run() has begun]
 */
PGO_API struct pgo_timer *pgo_timer_new(int64_t ns);

/* The same every PERIOD_NS, which is above 0 (else NULL); ticks that nobody
 * takes in time are dropped, one is kept. */
PGO_API struct pgo_timer *pgo_ticker_new(int64_t period_ns);

/* Starts a goroutine that calls FN(ARG) in NS nanoseconds; no channel. */
PGO_API struct pgo_timer *pgo_after_func(int64_t ns, void (*fn)(void *),
					 void *arg);

/* Its channel, as long as it lives; NULL of pgo_after_func()'s.  [any] */
PGO_API struct pgo_chan *pgo_timer_chan(const struct pgo_timer *t);

/*
 * It will not fire, or not until it is reset: 1 when that was still to come or
 * nobody had received what it sent, 0 when somebody had or it was stopped.
 * Nothing that it sent earlier can be received after either of them.  A
 * ticker's new period is NS.  [any]
 */
PGO_API int pgo_timer_stop(struct pgo_timer *t);
PGO_API int pgo_timer_reset(struct pgo_timer *t, int64_t ns);

/* Stops T and gives it back with its channel, on which nobody may wait.  NULL
 * is fine.  [any] */
PGO_API void pgo_timer_free(struct pgo_timer *t);

/* The channel of a new timer, for a select; pgo_chan_free() of it frees the
 * timer too, at any time.  NULL when memory is out.  [any] */
PGO_API struct pgo_chan *pgo_after(int64_t ns);

PGO_END

#endif
