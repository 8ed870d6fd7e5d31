/*
 * The sections of a file that are loaded, and where.
 */
#ifndef SYMBOLIZER_SECTIONS_H
#define SYMBOLIZER_SECTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "symbolizer/debugfile.h"

struct section {
	uint64_t lo;            /* [lo, hi) */
	uint64_t hi;
	const char *name;       /* lives as the ELF */
};

struct sections {
	struct section *list;   /* in the order of the file */
	size_t n, room;
};

/* 0 or -ENOMEM. */
int sections_read(struct sections *s, const struct debugfile *d);

/* The first that holds ADDR, or NULL. */
const struct section *sections_find(const struct sections *s, uint64_t addr);

/* The one called NAME, or NULL. */
const struct section *sections_named(const struct sections *s,
				     const char *name);

void sections_release(struct sections *s);

#endif
