/* A counter to wait on.  The zero value is ready. */
#ifndef PGO_WAITGROUP_H
#define PGO_WAITGROUP_H

#include <stdint.h>

#include <pgo/cdefs.h>

PGO_BEGIN

struct pgo_waitgroup {
	uint32_t lock_;         /* private: the runtime's lock word */
	int32_t count_;         /* private, under lock_ */
	void *waiters_;         /* private, under lock_ */
};

/* Adds N, which may be negative; below zero is fatal.  [any] */
PGO_API void pgo_waitgroup_add(struct pgo_waitgroup *wg, int n);

/* pgo_waitgroup_add(wg, -1).  [any] */
PGO_API void pgo_waitgroup_done(struct pgo_waitgroup *wg);

/* Parks until the counter is zero.  [g] */
PGO_API void pgo_waitgroup_wait(struct pgo_waitgroup *wg);

PGO_END

#endif
