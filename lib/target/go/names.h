/*
 * From the pcs of a walk to frames, and to the stacks of a snapshot, each pc
 * named once and each stack built once per snapshot.
 */
#ifndef LIB_TARGET_GO_NAMES_H
#define LIB_TARGET_GO_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/hash.h"
#include "lib/snapshot/snapshot.h"
#include "lib/target/go/attach.h"

/* All zero but GO and SNAP is ready; these live longer. */
struct go_names {
	struct go *go;
	struct snapshot *snap;
	struct buf named;       /* struct named_pc by number of the pc */
	struct buf frames;      /* struct named_frame of all of them */
	struct buf stacks;      /* struct named_stack */
	struct buf pcs;         /* uint64_t of all of them */
	struct hash known;
};

void go_names_release(struct go_names *n);

/*
 * The stack of the pcs of a walk, new or known; GO_PC_ELIDED may be among them.
 * EXACT is the first pc's.
 * Wrappers are left out as Go's own tracebacks leave them out.  SNAP_NONE when
 * it is empty or does not fit.
 */
uint32_t go_names_stack(struct go_names *n, const uint64_t *pcs, size_t count,
			bool exact);

/* String of the name of the function at PC as users know it, 0 for none. */
uint32_t go_names_func(struct go_names *n, uint64_t pc);

/* Who made a goroutine by the `go` statement that returns to GOPC. */
void go_names_creator(struct go_names *n, uint64_t gopc, struct snap_row *row);

/* Fills at most MAX frames at a pc of a walk, innermost first, wrappers among
 * them; how many there are. */
struct sym_frame;
size_t go_pc_frames(struct go *go, uint64_t pc, bool exact,
		    struct sym_frame *out, size_t max);

#endif
