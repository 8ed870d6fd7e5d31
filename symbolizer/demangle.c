/*
 * Demangling by libstdc++.  The same string of a file is at the same place
 * whenever it is asked for, so the pointer is the key.
 */
#include "symbolizer/demangle.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/grow.h"

/* The demangler recurses: longer names are left as they are. */
#define MANGLED_BYTES_MAX ((size_t)16 << 10)

/* Of libstdc++; its header is C++. */
char *__cxa_demangle(const char *mangled, char *buf, size_t *bytes,
		     int *status);

static bool same_name(const void *ctx, uint32_t id, const void *key)
{
	const struct demangle *d = ctx;

	return d->list[id].mangled == key;
}

static char *demangle_now(const char *name)
{
	int status;

	if (strnlen(name, MANGLED_BYTES_MAX) == MANGLED_BYTES_MAX)
		return NULL;
	return __cxa_demangle(name, NULL, NULL, &status);
}

const char *demangle(struct demangle *d, const char *name)
{
	uint64_t hash = hash_u64((uintptr_t)name);
	struct demangled new = { .mangled = name };
	int64_t id;

	if (name[0] != '_' || name[1] != 'Z')
		return name;
	id = hash_find(&d->index, hash, same_name, d, name);
	if (id >= 0)
		return d->list[id].name ? d->list[id].name : name;
	if (grow(&d->list, &d->room, d->n, sizeof(*d->list)) ||
	    hash_add(&d->index, hash, (uint32_t)d->n))
		return name;
	new.name = demangle_now(name);
	d->list[d->n++] = new;
	return new.name ? new.name : name;
}

void demangle_release(struct demangle *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->list[i].name);
	free(d->list);
	hash_release(&d->index);
	*d = (struct demangle){ 0 };
}
