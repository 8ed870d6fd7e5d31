/*
 * Call frame information of code in this process: how to find the caller at
 * one exact instruction.
 *
 * Only what a sampler needs of it: the frame's address and where the return
 * address and the caller's frame pointer are, for the one frame a signal
 * interrupted.  Reads .eh_frame where it is mapped; no table is built.
 */
#ifndef LIB_SAMPLE_CFI_H
#define LIB_SAMPLE_CFI_H

#include <stddef.h>
#include <stdint.h>

/* One loaded program or library; it must stay loaded. */
struct cfi {
	uintptr_t text_low, text_high;          /* its code: [low, high) */
	const uint8_t *table;                   /* pairs, sorted by pc */
	size_t table_rows;
	const uint8_t *base;                    /* .eh_frame_hdr itself */
	const uint8_t *low, *high;              /* mapped bytes around both */
};

enum cfi_kind {
	CFI_SAME,               /* still in its register */
	CFI_AT,                 /* in memory at CFA + off */
	CFI_EXPR,               /* in memory at what expr computes */
	CFI_UNDEFINED,          /* there is none: the outermost frame */
};

struct cfi_expr {
	const uint8_t *bytes;   /* DWARF operations, in the mapped section */
	size_t n;
};

struct cfi_rule {
	enum cfi_kind kind;
	int64_t off;
	struct cfi_expr expr;
};

/* The frame at one pc.  CFA is what sp was before the call. */
struct cfi_row {
	int cfa_reg;            /* DWARF number; -1: cfa_expr computes it */
	int64_t cfa_off;
	struct cfi_expr cfa_expr;
	struct cfi_rule ra;     /* the return address */
	struct cfi_rule fp;     /* the caller's rbp */
};

/*
 * Finds the loaded object that holds ADDR.  0; -ENOENT when none does or it
 * carries no .eh_frame_hdr; -ENOTSUP for an encoding no x86-64 linker writes.
 * Takes the loader's lock: [any], not [sig]
 */
int cfi_init(struct cfi *c, const void *addr);

/*
 * Fills ROW for the instruction at PC.  0; -ENOENT when C does not cover it;
 * -EINVAL when the bytes make no sense.  [sig]
 */
int cfi_row_at(const struct cfi *c, uintptr_t pc, struct cfi_row *row);

/* The bounds [LOW, HIGH) of the function, or part of one, that holds PC; fails
 * as cfi_row_at() does.  [sig] */
int cfi_extent(const struct cfi *c, uintptr_t pc, uintptr_t *low,
	       uintptr_t *high);

#endif
