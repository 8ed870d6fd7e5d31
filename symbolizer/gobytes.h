/*
 * The bytes of a pclntab, fetched when they are first touched.
 *
 * They lie where a reader would have mapped the table, so that what points
 * into them stays right until gobytes_close().  What was fetched is not
 * fetched again: all see the same bytes, whatever the target does.
 */
#ifndef SYMBOLIZER_GOBYTES_H
#define SYMBOLIZER_GOBYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "symbolizer/gosym.h"

#define GOBYTES_MAX ((uint64_t)512 << 20)       /* more is out of reach */
#define GOBYTES_PAGE_BITS 12

struct gobytes {
	const struct gosym_source *src;
	uint8_t *bytes;
	uint64_t size;
	uint8_t *have;          /* of each page: 1 when it was fetched */
	uint64_t left;          /* bytes that may still be fetched */
};

/* SRC must outlive B.  0 or -ENOMEM. */
int gobytes_open(struct gobytes *b, const struct gosym_source *src);
void gobytes_close(struct gobytes *b);

/* Fetches page PAGE, and some around it.  False when it cannot be had. */
bool gobytes_fetch(struct gobytes *b, uint64_t page);

/* The N bytes, not 0, at OFF, or NULL. */
static inline const uint8_t *gobytes_at(struct gobytes *b, uint64_t off,
					size_t n)
{
	if (off >= b->size || n > b->size - off)
		return NULL;
	for (uint64_t page = off >> GOBYTES_PAGE_BITS;
	     page <= (off + n - 1) >> GOBYTES_PAGE_BITS; page++)
		if (!b->have[page] && !gobytes_fetch(b, page))
			return NULL;
	return b->bytes + off;
}

/* At least one byte at OFF, and how many more there are without fetching
 * again; NULL when there is none. */
const uint8_t *gobytes_some(struct gobytes *b, uint64_t off, size_t *n);

static inline uint32_t gobytes_word(const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

bool gobytes_u32(struct gobytes *b, uint64_t off, uint32_t *out);
bool gobytes_u64(struct gobytes *b, uint64_t off, uint64_t *out);

/* The string at OFF, with its end; NULL when there is none, or it is empty or
 * longer than any name. */
const char *gobytes_string(struct gobytes *b, uint64_t off);

#endif
