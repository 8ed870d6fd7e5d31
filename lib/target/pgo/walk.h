/*
 * Walking a stack by frame pointers, a window of it at a time: the walk says
 * where it wants to go on, whoever has many of them reads all windows in one
 * batch.  As runtime/stackwalk.c does it inside.
 */
#ifndef LIB_TARGET_PGO_WALK_H
#define LIB_TARGET_PGO_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/snapshot/snapshot.h"

enum { PGO_HIDDEN_MAX = 16, PGO_PCS_MAX = SNAP_DEPTH_MAX };

struct pgo_range {
	uint64_t low, high;     /* [low, high) */
};

/* Code whose frames are not shown. */
struct pgo_hidden {
	struct pgo_range at[PGO_HIDDEN_MAX];
	size_t n;
};

enum pgo_walk_state {
	PGO_WALK_MORE,          /* the 16 bytes at fp are wanted */
	PGO_WALK_DONE,          /* at the outermost frame */
	PGO_WALK_LOST,          /* at what makes no sense */
};

struct pgo_walk {
	enum pgo_walk_state state;
	uint64_t fp;            /* the next frame */
	uint32_t n;             /* pcs so far: the first is exact, all others
				 * are return addresses */
	uint16_t steps;
	uint16_t jumps;         /* from one segment to another */
	uint64_t *pcs;          /* PGO_PCS_MAX */
};

/* Begins at frame FP, called from PC (0: none). */
void pgo_walk_begin(struct pgo_walk *w, const struct pgo_hidden *h,
		    uint64_t pc, uint64_t fp);

/* Adds the return address RA, unless it is hidden. */
void pgo_walk_add(struct pgo_walk *w, const struct pgo_hidden *h, uint64_t ra);

/* Goes on in the N bytes that are at AT. */
void pgo_walk_on(struct pgo_walk *w, const struct pgo_hidden *h,
		 const uint8_t *bytes, uint64_t at, size_t n);

#endif
