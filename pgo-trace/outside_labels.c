#include "pgo-trace/outside_labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/snapshot/labels.h"

static int by_key(const void *a, const void *b)
{
	const struct label *x = a, *y = b;

	return strcmp(x->key, y->key);
}

void labels_pack(struct buf *out, const char *text, int64_t goid)
{
	struct label all[LABELS_MAX + 1];
	struct labels l;
	char id[24];
	size_t n;

	labels_read(&l, text);
	n = l.n;
	memcpy(all, l.at, n * sizeof(*all));
	snprintf(id, sizeof(id), "%" PRId64, goid);
	/* A program's own label of that name is its own. */
	if (goid && !labels_find(&l, "goroutine"))
		all[n++] = (struct label){ "goroutine", id };
	qsort(all, n, sizeof(*all), by_key);
	for (size_t i = 0; i < n; i++) {
		buf_put(out, all[i].key, strlen(all[i].key) + 1);
		buf_put(out, all[i].value, strlen(all[i].value) + 1);
	}
	labels_release(&l);
}
