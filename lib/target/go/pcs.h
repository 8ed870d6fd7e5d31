/*
 * What there is to know of a pc for walking and naming, found once: programs
 * of a million goroutines stand on a few hundred pcs.
 */
#ifndef LIB_TARGET_GO_PCS_H
#define LIB_TARGET_GO_PCS_H

#include <stdbool.h>
#include <stdint.h>

struct go;
struct gosym;
struct go_pcs;

enum {
	GO_PCS_MAX = 1 << 18,
	GO_PC_NONE = -1,
};

struct go_pc {
	uint64_t pc;
	uint64_t entry;         /* of its function */
	struct gosym *sym;      /* NULL: a pc nobody knows; so are the rest */
	const char *name;       /* of its function; lives as long as sym */
	int32_t depth;          /* from the stack pointer to the return
				 * address; -1: cannot be known */
	bool top;               /* stacks end here */
	bool sp_write;          /* moves the stack pointer elsewhere */
	bool injected;          /* a signal made it call: sigpanic, ... */
};

/* The number of PC, from 0 on, the same until go_pcs_trim(); GO_PC_NONE when
 * there are too many. */
int32_t go_pc_id(struct go *go, uint64_t pc);

/* What is known of number ID; until the next go_pc_id(). */
const struct go_pc *go_pc_get(const struct go *go, int32_t id);

/* Forgets all of them when little room is left; between snapshots. */
void go_pcs_trim(struct go *go);

void go_pcs_free(struct go_pcs *t);

#endif
