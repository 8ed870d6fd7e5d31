/*
 * Walking a stack by frame pointers, in a signal handler.
 *
 * The stack may lie in several pieces (a goroutine's segments); whoever owns
 * them says where.  Every load is checked against the piece it falls into, so
 * that no value in a register or on the stack makes the walk fault.
 */
#ifndef LIB_SAMPLE_WALK_H
#define LIB_SAMPLE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include "lib/sample/cfi.h"

/* Readable memory, or code: [low, high). */
struct walk_range {
	uintptr_t low, high;
};

/* Registers by their DWARF numbers. */
enum {
	WALK_FP = 6,
	WALK_SP = 7,
	WALK_REGS = 16,
};

struct walk_regs {
	uintptr_t pc;
	bool called;                    /* pc is where a call returns to: after
					 * one that never does, it is another
					 * function's */
	uintptr_t r[WALK_REGS];         /* of a parked stack: FP and SP only */
};

/* Whether ADDR is in one of the N at R.  [sig] */
static inline bool walk_ranges_hold(const struct walk_range *r, size_t n,
				    uintptr_t addr)
{
	for (size_t i = 0; i < n; i++)
		if (addr >= r[i].low && addr < r[i].high)
			return true;
	return false;
}

struct walk {
	/*
	 * Puts into OUT the piece of this stack that holds ADDR and returns 1,
	 * or returns 0.  Must be safe where the walk runs.
	 */
	int (*range)(void *ctx, uintptr_t addr, struct walk_range *out);
	void *ctx;

	/* How to leave the innermost frame, and where its code may be read.
	 * Each may be missing (NULL, empty); see walk_stack(). */
	const struct cfi *cfi;
	struct walk_range text;

	/* Not NULL: the walk ends at the first caller that is not in text,
	 * which may keep no frame pointer, and this becomes that caller. */
	struct walk_regs *outside;

	/* Code whose frames are not shown: stack growth, thunks. */
	const struct walk_range *hidden;
	size_t n_hidden;
};

/* How a walk ended. */
enum walk_end {
	WALK_DONE,              /* at the outermost frame */
	WALK_CUT,               /* more frames than there was room for */
	WALK_LOST,              /* at a frame pointer that makes no sense */
	WALK_OUTSIDE,           /* where w->outside was asked for */
};

/*
 * Stores up to MAX pcs of the stack with registers R in PCS, innermost first,
 * and returns how many.  END (may be NULL) says how it ended.
 *
 * The first pc is the exact one; all others are return addresses as they lie
 * on the stack: whoever looks up a name subtracts 1.
 *
 * With w->cfi covering R's pc no caller is missed at any instruction.  Without
 * it, bytes in w->text are compared with the shapes of prologues and epilogues,
 * which catches most; with neither, the caller of a function is missing while
 * its frame is not built.
 *
 * The stack must stand still: it is the caller's own, that of the thread the
 * signal came to, or that of a parked goroutine.  [sig]
 */
size_t walk_stack(const struct walk *w, const struct walk_regs *r,
		  uint64_t *pcs, size_t max, enum walk_end *end);

/*
 * R becomes its caller, by w->cfi, which covers it.  False at the outermost
 * frame, and where the information leads nowhere.  [sig]
 */
bool walk_up(const struct walk *w, struct walk_regs *r);

/* The registers a signal interrupted.  [sig] */
void walk_regs_from(struct walk_regs *r, const ucontext_t *uc);

#endif
