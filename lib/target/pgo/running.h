/* The stack of a goroutine that runs, by its thread's registers. */
#ifndef LIB_TARGET_PGO_RUNNING_H
#define LIB_TARGET_PGO_RUNNING_H

#include "lib/target/pgo/batch.h"

/* Gives ROW, of look I, the stack its thread stands on; nothing when that is
 * not to be had.  A live thread goes on meanwhile, unless the space is frozen:
 * frames may be of two moments. */
void pgo_running_stack(struct pgo_batch *b, uint32_t i, struct snap_row *row);

#endif
