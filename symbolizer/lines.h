/*
 * The line table of one compilation unit, by address.
 */
#ifndef SYMBOLIZER_LINES_H
#define SYMBOLIZER_LINES_H

#include <stddef.h>
#include <stdint.h>

#include <elfutils/libdw.h>

struct row {
	uint64_t addr;          /* up to that of the next row */
	const char *file;       /* NULL: nothing is here (end of a sequence) */
	uint32_t line;
	uint32_t column;
	uint32_t discriminator;
};

struct lines {
	struct row *rows;
	size_t n, room;
};

/* Reads those of the unit CU, at most *BUDGET rows, from which they are taken.
 * 0, -ENOMEM, or -E2BIG when the budget is too small; a table that is not there
 * or not readable is empty. */
int lines_read(struct lines *l, Dwarf_Die *cu, size_t *budget);

/* The row at ADDR or NULL. */
const struct row *lines_find(const struct lines *l, uint64_t addr);

void lines_release(struct lines *l);

#endif
