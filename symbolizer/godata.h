/*
 * Small pieces of a program's read-only data, kept for the next one nearby.
 */
#ifndef SYMBOLIZER_GODATA_H
#define SYMBOLIZER_GODATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolizer/gosym.h"

enum { GODATA_PAGES = 64, GODATA_PAGE_BYTES = 4096 };

struct godata {
	uint64_t page[GODATA_PAGES];    /* its address / bytes + 1; 0: none */
	uint8_t (*bytes)[GODATA_PAGE_BYTES];
};

/* Copies N bytes at ADDRESS.  False when they cannot be had. */
bool godata_read(struct godata *d, const struct gosym_source *src,
		 uint64_t address, void *out, size_t n);
void godata_release(struct godata *d);

#endif
