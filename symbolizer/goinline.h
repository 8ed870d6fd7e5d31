/*
 * Calls that were inlined into a function: a tree for each, whose leaves are
 * reached by pc and which is climbed to the function itself.
 */
#ifndef SYMBOLIZER_GOINLINE_H
#define SYMBOLIZER_GOINLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "symbolizer/godata.h"
#include "symbolizer/gofunc.h"

/* The inlined functions around a pc, innermost first. */
struct goinline {
	struct gotab *tab;
	struct godata *data;
	const struct gofunc *func;
	uint64_t tree;          /* address; 0: nothing is inlined */
	uint32_t values;        /* offset of the table of leaves */
	uint64_t pc;            /* in the caller of the last one */
	unsigned int left;      /* how many more are believed */
};

struct goinline_call {
	const char *name;
	uint32_t name_off;      /* among the names */
	uint32_t start_line;
	uint8_t id;
};

void goinline_begin(struct goinline *i, struct gotab *t, struct godata *d,
		    const struct gofunc *f, uint64_t pc);

/* The next one.  False when pc is in the function's own code; then i->pc is
 * the place of the outermost call. */
bool goinline_next(struct goinline *i, struct goinline_call *out);

/* Whether the trees of the first functions of T make sense where t->src.gofunc
 * says they are, and there are some. */
bool goinline_fits(struct gotab *t);

#endif
