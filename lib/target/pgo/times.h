/* How long goroutines ran, were ready and were blocked, where the program keeps
 * that: runtime/times.h. */
#ifndef LIB_TARGET_PGO_TIMES_H
#define LIB_TARGET_PGO_TIMES_H

#include "lib/target/pgo/batch.h"

/* Finds out whether P keeps times, by its clock.  0 or -E of space_readv(). */
int pgo_times_begin(struct pgo_program *p);

/* Reads those of the looks at work, if B has them.  The same. */
int pgo_times_read(struct pgo_batch *b);

/* Those of look I, if they were read and make sense. */
void pgo_times_set(const struct pgo_batch *b, uint32_t i,
		   struct snap_row *row);

#endif
