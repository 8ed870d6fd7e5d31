/* Goroutines that should have ended: for the end of tests. */
#ifndef PGO_LEAKCHECK_H
#define PGO_LEAKCHECK_H

#include <stddef.h>
#include <stdint.h>

#include <pgo/cdefs.h>

PGO_BEGIN

struct pgo_leakcheck_opts {
	size_t size;            /* sizeof(struct pgo_leakcheck_opts) */
	const char *ignore;     /* patterns with commas between, or NULL; see
				 * pgo_leakcheck(3) */
	int64_t after;          /* passes over goroutines up to this id */
	int64_t wait_ns;        /* for them to end; 0: 0.43 s, -1: not at all */
};

/*
 * Looks for goroutines that live besides the caller and goroutine 1, gives them
 * 0.43 s to end, and writes those that have not to FD in the form of Go's
 * debug=2, unless FD is below 0.  Returns how many: 0 when all is well; -EINVAL
 * before pgo_run() and pgo_start(), -ENOMEM.  PGO_LEAKCHECK_IGNORE names who is
 * passed over.  [any]
 */
PGO_API int pgo_leakcheck(int fd);

/* The same, and as O says besides, unless it is NULL; -EINVAL for a size that
 * is unknown here or more than 4095 bytes of patterns.  [any] */
PGO_API int pgo_leakcheck_opts(const struct pgo_leakcheck_opts *o, int fd);

/* For ->after: goroutines that were created so far are passed over.  [any] */
PGO_API int64_t pgo_leakcheck_current(void);

PGO_END

#endif
