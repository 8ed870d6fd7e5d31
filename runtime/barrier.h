/*
 * A memory barrier on every thread of the process at once.
 *
 * Where one side of a protocol runs all the time and the other hardly ever, the
 * busy one does with a plain store and a load after it, and the rare one pays
 * for both: it makes its wish known, calls this, and looks.  Either the barrier
 * fell before the other's store, and then its load sees the wish; or after it,
 * and then the store is seen.  Who uses it: m.h, gtab.h, lock.h.
 */
#ifndef PGO_RUNTIME_BARRIER_H
#define PGO_RUNTIME_BARRIER_H

#include <stdbool.h>

/* Announces it to the kernel: 0 or -E.  [any] */
int barrier_setup(void);

/* Makes every thread of the process pass a memory barrier.  False: the kernel
 * has none, or is not let.  [any] [sig] */
bool barrier_all(void);

#endif
