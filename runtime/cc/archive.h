#ifndef PGO_CC_ARCHIVE_H
#define PGO_CC_ARCHIVE_H
/* Writing an ar archive with its symbol table, in memory. */

#include "runtime/cc/bytes.h"

struct archive {
	struct bytes body, offsets, symbols, long_names;
	uint32_t n_symbols;
};

/* The member added next defines SYMBOL. */
void archive_symbol(struct archive *a, const char *symbol);

/* Adds one member; NAME is what ar t prints. */
void archive_add(struct archive *a, const char *name,
		 const struct bytes *member);

/* Writes the archive to PATH or dies.  Nothing may be added after this. */
void archive_write(struct archive *a, const char *path);

#endif
