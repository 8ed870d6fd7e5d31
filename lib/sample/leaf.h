/* Leaving the innermost frame; inside lib/sample only. */
#ifndef LIB_SAMPLE_LEAF_H
#define LIB_SAMPLE_LEAF_H

#include <stdint.h>

#include "lib/sample/load.h"

enum leaf {
	LEAF_FRAME,     /* the frame stands: go on at rbp */
	LEAF_CALLER,    /* RA and FP are the caller's */
	LEAF_LAST,      /* there is no caller */
};

/*
 * Says what the frame interrupted with registers R looks like.  For
 * LEAF_CALLER, UP is its caller: pc, rbp and sp.  [sig]
 */
enum leaf leaf_step(struct load *l, const struct walk_regs *r,
		    struct walk_regs *up);

#endif
