/*
 * Which compilation units may have code at an address.
 *
 * Made from the ranges the units themselves claim, never from .debug_aranges,
 * which clang and Go leave out and linkers get wrong.
 */
#ifndef SYMBOLIZER_CUMAP_H
#define SYMBOLIZER_CUMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

#include "symbolizer/unit.h"

struct cu_range {
	uint64_t lo;            /* [lo, hi) */
	uint64_t hi;
	uint64_t hi_max;        /* greatest hi up to here */
	uint32_t unit;
};

struct cumap {
	struct unit *units;
	size_t nunits, units_room;
	struct cu_range *ranges;
	size_t n, room;
	size_t budget;          /* ranges and rows that may still be read */
	bool cut;               /* the budget ran out somewhere */
};

/* Reads the units of DW.  0 or -ENOMEM. */
int cumap_read(struct cumap *m, Dwarf *dw);

/* Fills at most MAX frames at ADDR from the unit that knows most of it; how
 * many there are.  *MANGLES: its language has mangled names. */
size_t cumap_lookup(struct cumap *m, uint64_t addr, struct sym_frame *out,
		    size_t max, bool *mangles);

void cumap_release(struct cumap *m);

#endif
