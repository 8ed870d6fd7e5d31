/*
 * Many small pieces of a target's memory at once.  What lies close together is
 * read as one: a system call's time goes into pieces and pages, not bytes.
 */
#ifndef LIB_TARGET_GATHER_H
#define LIB_TARGET_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/target/space.h"

struct gather_want {
	uint64_t address;
	uint32_t bytes;         /* 0: nothing is wanted */
	const uint8_t *at;      /* out: where they are; NULL when they could
				 * not be had */
};

/* All zero is ready.  What it holds lives until the next gather() into it. */
struct gather {
	struct gather_bytes {
		uint8_t *at;
		size_t room;
	} runs, rest;           /* rest: what was read want by want */
	struct space_piece *pieces;
	struct gather_order *order;
	size_t wants_room;
};

/*
 * Reads the N wants, each of 1 MiB at most, in any order; those no more than
 * GAP bytes apart in one piece.  0, or -E as space_readv(), -ENOMEM.
 */
int gather(struct gather *g, struct space *s, struct gather_want *w, size_t n,
	   uint32_t gap);
void gather_release(struct gather *g);

#endif
