/*
 * Functions of a pclntab, by address.
 */
#ifndef SYMBOLIZER_GOFUNC_H
#define SYMBOLIZER_GOFUNC_H

#include <stdbool.h>
#include <stdint.h>

#include "symbolizer/gotab.h"

enum gofunc_pcdata { GOFUNC_PCDATA_INLINED = 2 };
enum gofunc_funcdata { GOFUNC_FUNCDATA_INLINED = 3 };

struct gofunc {
	uint64_t entry;
	uint64_t end;
	const char *name;       /* NULL: none that can be read */
	uint64_t record;        /* offset in the table */
	uint32_t depth;         /* offsets of tables of values */
	uint32_t file;
	uint32_t line;
	uint32_t unit;
	uint32_t start_line;
	uint32_t pcdata_count;
	uint8_t funcdata_count;
	uint8_t id;
	uint8_t flags;
};

/* The I-th by address.  False when it makes no sense. */
bool gofunc_get(struct gotab *t, uint64_t i, struct gofunc *out);

/* How many begin at PC or before. */
uint64_t gofunc_count_to(struct gotab *t, uint64_t pc);

/* The one that holds PC. */
bool gofunc_find(struct gotab *t, uint64_t pc, struct gofunc *out);

/* The offset of F's table of values WHICH; 0: none. */
uint32_t gofunc_pcdata(struct gotab *t, const struct gofunc *f,
		       enum gofunc_pcdata which);

/* The address of F's piece of data WHICH; 0: none. */
uint64_t gofunc_funcdata(struct gotab *t, const struct gofunc *f,
			 enum gofunc_funcdata which);

/* The file and line of PC alone, without regard to inlining. */
const char *gofunc_file(struct gotab *t, const struct gofunc *f, uint64_t pc);
uint32_t gofunc_line(struct gotab *t, const struct gofunc *f, uint64_t pc);

/* Whether the compiler made the function with this ID and NAME. */
bool gofunc_is_wrapper(const struct gotab *t, uint8_t id, const char *name);

bool gofunc_is_top(const struct gotab *t, const struct gofunc *f);
bool gofunc_writes_sp(const struct gofunc *f);
bool gofunc_is_asm(const struct gofunc *f);

#endif
