/*
 * Stacks of goroutines and of threads in Go code, by pclntab's stack depths.
 *
 * Frame pointers lose the caller of a function without a frame; depths lose
 * nothing, where the first pc and sp are right.
 */
#ifndef LIB_TARGET_GO_UNWIND_H
#define LIB_TARGET_GO_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/target/go/attach.h"

enum {
	GO_DEPTH_MAX = 512,
	GO_OUTER_MAX = 64,
};

/* The part of a stack that is at hand; what is below or above it is asked for
 * by MORE (may be NULL: then the walk ends there). */
struct go_stack {
	const uint8_t *bytes;
	uint64_t address;       /* of bytes[0] */
	size_t n;
	uint64_t hi;            /* end of the goroutine's stack; 0: unknown */
};

enum go_walk_end {
	GO_WALK_TOP,            /* at goexit, mstart or the like: complete */
	GO_WALK_MORE,           /* the bytes at hand ended at *need */
	GO_WALK_LOST,           /* a pc nobody knows, or nonsense */
	GO_WALK_DEEP,           /* MAX was reached */
	GO_WALK_SWITCH,         /* at a function that moves the stack pointer:
				 * systemstack, mcall, asmcgocall, ...; what is
				 * below may be on another stack */
};

/* Among the pcs of a walk: no pc, so many frames are left out here. */
#define GO_PC_ELIDED (UINT64_C(1) << 63)

/* A walk that can go on where the bytes at hand ended. */
struct go_walker {
	struct go *go;
	uint64_t pc, sp;        /* of the next frame */
	uint64_t *out;
	size_t max, n;
	size_t outer;           /* of more than MAX so many last ones are kept;
				 * 0: the walk ends there */
	size_t skipped;         /* that came when there were MAX */
	uint64_t need;          /* with GO_WALK_MORE: 8 bytes wanted there */
	int32_t depth;          /* of the frame whose caller is next */
	bool exact;             /* pc is no return address */
	bool first;             /* no frame yet */
	bool inside;            /* depth is known, the caller is next */
};

/*
 * Begins a walk from PC and SP, see go_walk(); then go_walk_on() as long as it
 * wants MORE and the caller has more: ST holds *need at least, and what lies
 * above it as far as is at hand.
 */
void go_walk_begin(struct go_walker *w, struct go *go, uint64_t pc,
		   uint64_t sp, bool exact, uint64_t *out, size_t max);
enum go_walk_end go_walk_on(struct go_walker *w, const struct go_stack *st);

/*
 * Ends a walk with `outer': what was left out is said in its place by
 * GO_PC_ELIDED | count.  One that is not WHOLE was given up before the stack's
 * end: then the outer ones are none, and the count is 0.
 */
void go_walk_finish(struct go_walker *w, bool whole);

/*
 * Walks from PC and SP over ST; leaf first.  The first pc is exact when EXACT,
 * else, like all others, a return address, or the first of its function: what
 * has not run yet.  A pc that a signal interrupted, below sigpanic() and its
 * like, is given as if it were one: pc + 1.  *N pcs are in OUT.  With
 * GO_WALK_MORE, *NEED is the address whose 8 bytes were wanted next.
 */
enum go_walk_end go_walk(struct go *go, uint64_t pc, uint64_t sp,
			 const struct go_stack *st, bool exact,
			 uint64_t *out, size_t max, size_t *n,
			 uint64_t *need);

#endif
