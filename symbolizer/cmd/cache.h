/*
 * Files that were opened, the last few of them.
 */
#ifndef SYMBOLIZER_CMD_CACHE_H
#define SYMBOLIZER_CMD_CACHE_H

#include <stdint.h>

#include "lib/base/err.h"
#include "symbolizer/symbolizer.h"

#define CACHE_FILES_MAX 64

struct cached {
	char *path;             /* NULL: free */
	struct sym *sym;        /* NULL: it could not be opened, */
	struct err err;         /* for this reason */
	uint64_t used;          /* when; the oldest makes place */
};

struct cache {
	struct cached files[CACHE_FILES_MAX];
	uint64_t clock;
};

/* The file PATH, opened once, also when that failed; NULL then, with words in
 * E.  It lives until CACHE_FILES_MAX others were asked for. */
struct sym *cache_get(struct cache *c, const char *path, struct err *e);

void cache_release(struct cache *c);

#endif
