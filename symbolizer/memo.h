/*
 * Strings made from strings of a file, once each.
 *
 * A string of a file is at the same place whenever it is asked for, so the
 * pointer is the key.
 */
#ifndef SYMBOLIZER_MEMO_H
#define SYMBOLIZER_MEMO_H

#include <stddef.h>

#include "lib/base/hash.h"

struct memo_entry {
	const char *from;
	char *made;             /* NULL: FROM is as it should be */
};

struct memo {
	struct memo_entry *list;
	size_t n, room;
	struct hash index;      /* by FROM */
};

/* What MAKE (which returns memory, or NULL to leave it) made of FROM, or FROM
 * itself.  FROM must live as long as M, which owns the result. */
const char *memo_get(struct memo *m, const char *from,
		     char *(*make)(const void *ctx, const char *from),
		     const void *ctx);

void memo_release(struct memo *m);

/* C++ names as in the source; other names as they are. */
const char *memo_demangle(struct memo *m, const char *name);

/* Names of ELF symbols without a version: f of f@@V_1. */
const char *memo_unversioned(struct memo *m, const char *name);

/* File names below FOLDER (not NULL) when they are relative. */
const char *memo_path(struct memo *m, const char *folder, const char *name);

#endif
