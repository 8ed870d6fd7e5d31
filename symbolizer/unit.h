/*
 * One compilation unit, indexed: which functions and inlined calls lie where.
 */
#ifndef SYMBOLIZER_UNIT_H
#define SYMBOLIZER_UNIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

#include "symbolizer/lines.h"
#include "symbolizer/memo.h"
#include "symbolizer/segs.h"
#include "symbolizer/symbolizer.h"

/* A function with code, or one inlined into its parent. */
struct node {
	Dwarf_Die die;
	uint32_t parent;        /* index, 0: none, it is the outermost */
	uint32_t call_line;     /* in the parent, of an inlined one */
	uint32_t call_column;
	uint32_t call_discriminator;
	uint32_t start_line;
	bool named;             /* the strings below were looked for */
	const char *func;
	const char *linkage;
	const char *call_file;
};

struct unit {
	Dwarf_Die cu;           /* of the file with the line table */
	bool walked;            /* unit_walk() was called */
	bool read;              /* unit_index() was */
	bool mangles;           /* its language mangles names */
	struct node *nodes;     /* the first is nobody */
	size_t n, room;
	struct segs segs;       /* ids are indexes into nodes */
	struct lines lines;
	const char *folder;     /* it was compiled in, NULL: unknown */
	struct memo paths;      /* of its files */
	Dwarf_Files *files;     /* NULL: none */
	size_t nfiles;
};

/* Finds the functions of U, once; at most *BUDGET ranges, from which they are
 * taken.  0, -ENOMEM, or -E2BIG when the budget is gone. */
int unit_walk(struct unit *u, size_t *budget);

/* The same, and reads its lines, of the same budget. */
int unit_index(struct unit *u, size_t *budget);

/* Fills at most MAX frames at ADDR, innermost first; how many there are. */
size_t unit_lookup(struct unit *u, uint64_t addr, struct sym_frame *out,
		   size_t max);

void unit_release(struct unit *u);

#endif
