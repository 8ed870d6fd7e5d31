/*
 * A page at one place only, by its number: inline trees of a program lie side
 * by side, and a walk of a stack comes back to few of them.
 */
#include "symbolizer/godata.h"

#include <stdlib.h>
#include <string.h>

/* The page of ADDRESS, or NULL. */
static const uint8_t *page_of(struct godata *d, const struct gosym_source *src,
			      uint64_t address)
{
	uint64_t page = address / GODATA_PAGE_BYTES;
	size_t i = page % GODATA_PAGES;

	if (!d->bytes)
		d->bytes = calloc(GODATA_PAGES, sizeof(*d->bytes));
	if (!d->bytes)
		return NULL;
	if (d->page[i] == page + 1)
		return d->bytes[i];
	d->page[i] = 0;
	if (src->data(src->ctx, page * GODATA_PAGE_BYTES, d->bytes[i],
		      GODATA_PAGE_BYTES))
		return NULL;
	d->page[i] = page + 1;
	return d->bytes[i];
}

bool godata_read(struct godata *d, const struct gosym_source *src,
		 uint64_t address, void *out, size_t n)
{
	size_t in_page = address % GODATA_PAGE_BYTES;
	const uint8_t *p = NULL;

	if (in_page + n <= GODATA_PAGE_BYTES)
		p = page_of(d, src, address);
	if (!p)         /* where data end, or over the edge of a page */
		return !src->data(src->ctx, address, out, n);
	memcpy(out, p + in_page, n);
	return true;
}

void godata_release(struct godata *d)
{
	free(d->bytes);
	*d = (struct godata){ 0 };
}
