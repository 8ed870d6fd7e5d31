/* Stacks of a snapshot by their pcs, so that each is named once: a million
 * goroutines stand on a few dozen. */
#ifndef LIB_TARGET_PGO_STACKS_H
#define LIB_TARGET_PGO_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/hash.h"

struct pgo_program;

/* All zero is empty. */
struct pgo_stacks {
	struct buf known;       /* struct known_stack */
	struct buf pcs;         /* uint64_t of all of them */
	struct hash hash;
};

void pgo_stacks_reset(struct pgo_stacks *k);    /* empty; keeps memory */
void pgo_stacks_release(struct pgo_stacks *k);

/*
 * The stack of P's snapshot of the N pcs of a walk: what the runtime does
 * inside to park a goroutine is left out.  SNAP_NONE when it is empty or does
 * not fit.
 */
uint32_t pgo_stacks_id(struct pgo_program *p, const uint64_t *pcs, uint32_t n);

#endif
