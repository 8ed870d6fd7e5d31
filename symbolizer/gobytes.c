/*
 * A reserve of addresses as long as the table, of which only fetched pages
 * take memory, and a mark for each page.
 *
 * Pages are fetched four at a time: a lookup touches a handful of places, and
 * a system call costs more than the bytes it brings.  Where four cannot be had
 * (the end of a mapping, a hole in a core) the one that is wanted is; also in
 * tables so large that neighbours are rarely asked for.
 */
#include "symbolizer/gobytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_BYTES ((uint64_t)1 << GOBYTES_PAGE_BITS)
#define TOGETHER ((uint64_t)4)          /* pages, a power of two */
#define LARGE ((uint64_t)16 << 20)      /* bytes of a table */
#define STRING_MAX ((uint64_t)64 << 10) /* names of instances are long */

int gobytes_open(struct gobytes *b, const struct gosym_source *src)
{
	uint64_t size = src->table_bytes;
	void *p;

	*b = (struct gobytes){ .src = src };
	if (size > GOBYTES_MAX)
		size = GOBYTES_MAX;
	if (!size)
		return 0;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return -ENOMEM;
	b->bytes = p;
	b->size = size;
	b->left = src->fetch_max ? src->fetch_max : size;
	b->have = calloc(size / PAGE_BYTES + 1, 1);
	return b->have ? 0 : -ENOMEM;
}

void gobytes_close(struct gobytes *b)
{
	if (b->bytes)
		munmap(b->bytes, b->size);
	free(b->have);
	*b = (struct gobytes){ 0 };
}

/* Pages [LO, HI) at once. */
static bool fetch(struct gobytes *b, uint64_t lo, uint64_t hi)
{
	uint64_t from = lo * PAGE_BYTES, to = hi * PAGE_BYTES;

	if (to > b->size)
		to = b->size;
	if (to - from > b->left || b->src->table(b->src->ctx, from,
						 b->bytes + from, to - from))
		return false;
	b->left -= to - from;
	memset(b->have + lo, 1, hi - lo);
	return true;
}

bool gobytes_fetch(struct gobytes *b, uint64_t page)
{
	uint64_t pages = (b->size + PAGE_BYTES - 1) / PAGE_BYTES;
	uint64_t lo = page & ~(TOGETHER - 1), hi = lo + TOGETHER;

	if (hi > pages)
		hi = pages;
	if (b->size > LARGE)
		return fetch(b, page, page + 1);
	/* What was seen stays: strings in it may be in use. */
	for (uint64_t i = lo; i < hi; i++)
		if (b->have[i])
			return fetch(b, page, page + 1);
	return fetch(b, lo, hi) || fetch(b, page, page + 1);
}

const uint8_t *gobytes_some(struct gobytes *b, uint64_t off, size_t *n)
{
	const uint8_t *p = gobytes_at(b, off, 1);
	uint64_t end = (off | (PAGE_BYTES - 1)) + 1;

	if (p)
		*n = (end < b->size ? end : b->size) - off;
	return p;
}

bool gobytes_u32(struct gobytes *b, uint64_t off, uint32_t *out)
{
	const uint8_t *p = gobytes_at(b, off, sizeof(*out));

	if (p)
		*out = gobytes_word(p);
	return p;
}

bool gobytes_u64(struct gobytes *b, uint64_t off, uint64_t *out)
{
	const uint8_t *p = gobytes_at(b, off, sizeof(*out));

	if (p)
		memcpy(out, p, sizeof(*out));
	return p;
}

const char *gobytes_string(struct gobytes *b, uint64_t off)
{
	const uint8_t *begin = NULL;
	uint64_t done = 0;

	while (done < STRING_MAX) {
		size_t n;
		const uint8_t *p = gobytes_some(b, off + done, &n);

		if (!p)
			return NULL;
		if (!begin)
			begin = p;
		if (memchr(p, 0, n))
			return *begin ? (const char *)begin : NULL;
		done += n;
	}
	return NULL;
}
