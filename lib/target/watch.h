/*
 * A thread that works for one who must not hang.
 *
 * What the work needs (CTX) is the thread's alone while it works.  When the
 * work makes no progress it is left behind, with all it owns: should it ever
 * come back, it frees that and ends.
 */
#ifndef LIB_TARGET_WATCH_H
#define LIB_TARGET_WATCH_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/base/err.h"

struct watch;

/* Work: 0 or -E with words in E. */
typedef int watch_fn(void *ctx, struct err *e);

/* CTX and RELEASE, which frees it, are taken only when this succeeds. */
int watch_new(struct watch **out, void *ctx, void (*release)(void *ctx));

/*
 * Runs FN on the thread and waits for it; what it returned.  -ETIMEDOUT, with
 * words that begin with NAME, when for PATIENCE_MS neither its count of beats
 * nor its CPU time moved: then CTX is the thread's, and every further run says
 * the same until the thread has come back.  STOP (may be NULL) is passed on to
 * watch_stop().
 */
int watch_run(struct watch *w, watch_fn *fn, const char *name,
	      int patience_ms, const atomic_bool *stop, struct err *e);

/* By the thread: where its progress is counted.  BEATS must live until FN
 * returns, also when others take its place. */
void watch_beats(struct watch *w, const _Atomic uint64_t *beats);

/* What the work looks at, to end early; lives as long as its CTX. */
const atomic_bool *watch_stop(struct watch *w);

/* Lets the thread end, and does not wait for it when it is left behind. */
void watch_free(struct watch *w);

#endif
