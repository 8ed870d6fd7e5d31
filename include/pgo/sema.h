/* A counter of what there is; taking waits until there is some. */
#ifndef PGO_SEMA_H
#define PGO_SEMA_H

#include <stdint.h>

#include <pgo/cdefs.h>

PGO_BEGIN

/* count_ may be set before first use: what there is at first. */
struct pgo_sema {
	uint32_t lock_;         /* private: the runtime's lock word */
	uint32_t count_;        /* under lock_ */
	void *first_;           /* private, under lock_ */
	void *last_;            /* private, under lock_ */
};

/* What there is at first. */
#define PGO_SEMA(n) { 0, (n), 0, 0 }

/* Takes one, parking while there is none; who waits longest gets the next.
 * [any] */
PGO_API void pgo_sema_acquire(struct pgo_sema *s);

/* 1, or 0 when there is none, or others wait.  [any] */
PGO_API int pgo_sema_tryacquire(struct pgo_sema *s);

/* One more.  Above UINT32_MAX it is fatal.  [any] */
PGO_API void pgo_sema_release(struct pgo_sema *s);

PGO_END

#endif
