/*
 * A few open files, the one unused longest making place for the next.
 */
#include "symbolizer/cmd/cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void drop(struct cached *f)
{
	sym_close(f->sym);
	free(f->path);
	*f = (struct cached){ 0 };
}

/* The entry of PATH, or the one to use for it. */
static struct cached *place_of(struct cache *c, const char *path)
{
	struct cached *oldest = &c->files[0];

	for (size_t i = 0; i < CACHE_FILES_MAX; i++) {
		struct cached *f = &c->files[i];

		if (f->path && !strcmp(f->path, path))
			return f;
		if (f->used < oldest->used)
			oldest = f;
	}
	return oldest;
}

struct sym *cache_get(struct cache *c, const char *path, struct err *e)
{
	struct cached *f = place_of(c, path);

	if (!f->path || strcmp(f->path, path)) {
		drop(f);
		f->path = strdup(path);
		if (!f->path) {
			err_set(e, -ENOMEM, "%s", path);
			return NULL;
		}
		if (sym_open(&f->sym, path, &f->err))
			f->sym = NULL;
	}
	f->used = ++c->clock;
	if (!f->sym && e)
		*e = f->err;
	return f->sym;
}

void cache_release(struct cache *c)
{
	for (size_t i = 0; i < CACHE_FILES_MAX; i++)
		drop(&c->files[i]);
}
