/*
 * Which file an address belongs to, and which address it is there.
 */
#ifndef SYMBOLIZER_CMD_PLACE_H
#define SYMBOLIZER_CMD_PLACE_H

#include <stdint.h>

#include "lib/base/maps.h"
#include "symbolizer/cmd/cache.h"
#include "symbolizer/cmd/options.h"

struct places {
	const struct sym_options *options;
	struct cache cache;
	struct sym *exe;        /* without a pid */
	uint64_t base;          /* of the section asked for */
	struct maps maps;       /* of the pid */
};

struct place {
	struct sym *sym;        /* NULL: no file is there */
	const char *module;     /* NULL: nothing is there */
	uint64_t addr;          /* in the file */
	struct err err;         /* why sym is NULL */
};

/* 0 or -E with words in E. */
int places_open(struct places *p, const struct sym_options *o,
		struct err *e);

/* What PLACE holds lives until the next call. */
void places_find(struct places *p, uint64_t addr, struct place *place);

void places_close(struct places *p);

#endif
