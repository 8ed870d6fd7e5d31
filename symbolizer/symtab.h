/*
 * The symbols of a file, by address: .symtab, of the file or of its debug file,
 * else .dynsym and .gnu_debugdata.
 */
#ifndef SYMBOLIZER_SYMTAB_H
#define SYMBOLIZER_SYMTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/debugfile.h"
#include "symbolizer/sections.h"

struct symbol {
	uint64_t start;
	uint64_t size;          /* as the symbol says; may be 0 */
	uint64_t end_max;       /* greatest end up to here */
	const char *name;
	const char *file;       /* source file, by STT_FILE; or NULL */
	uint8_t rank;           /* of those at one start, the greatest wins */
};

struct symtab {
	struct symbol *symbols; /* by start, then rank */
	size_t n, room;
};

/* 0 or -ENOMEM. */
int symtab_read(struct symtab *t, const struct debugfile *d);

/* The innermost symbol that covers ADDR; else the last one before it in the
 * section IN.  NULL when there is neither. */
const struct symbol *symtab_find(const struct symtab *t, uint64_t addr,
				 const struct section *in);

/* One without a size, as of hand-written assembler, goes on to the next. */
static inline bool symbol_is_guess(const struct symbol *s, uint64_t addr)
{
	return s->size && addr - s->start >= s->size;
}

static inline bool symbol_covers(const struct symbol *s, uint64_t addr)
{
	return addr == s->start ||
	       (addr > s->start && addr - s->start < s->size);
}

void symtab_release(struct symtab *t);

#endif
