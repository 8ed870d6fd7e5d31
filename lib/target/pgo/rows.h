/* From what a batch read to rows of the snapshot. */
#ifndef LIB_TARGET_PGO_ROWS_H
#define LIB_TARGET_PGO_ROWS_H

#include <stdbool.h>

#include "lib/target/pgo/batch.h"

/* Adds a row for each goroutine of B to its program's snapshot; with RUNNING
 * also the stacks of those that run, by their threads' registers. */
void pgo_rows_add(struct pgo_batch *b, bool running);

/* The same for look I alone. */
void pgo_rows_add_one(struct pgo_batch *b, uint32_t i, bool running);

#endif
