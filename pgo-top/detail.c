#include "pgo-top/detail.h"

#include <stdlib.h>

struct detail *detail_new(struct source *src, int64_t id)
{
	struct detail *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->id = id;
	snapshot_init(&d->snapshot);
	if (source_detail(src, id, &d->snapshot, &d->trouble) < 0) {
		snapshot_release(&d->snapshot);
		snapshot_init(&d->snapshot);
	}
	return d;
}

void detail_free(struct detail *d)
{
	if (!d)
		return;
	snapshot_release(&d->snapshot);
	free(d);
}
