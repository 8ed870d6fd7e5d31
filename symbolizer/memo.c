/*
 * Demangled names by libstdc++, whole paths of files.
 */
#include "symbolizer/memo.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"

/* The demangler recurses: longer names are left as they are. */
#define MANGLED_BYTES_MAX ((size_t)16 << 10)

/* Of libstdc++; its header is C++. */
char *__cxa_demangle(const char *mangled, char *buf, size_t *bytes,
		     int *status);

static bool same_place(const void *ctx, uint32_t id, const void *key)
{
	const struct memo *m = ctx;

	return m->list[id].from == key;
}

const char *memo_get(struct memo *m, const char *from,
		     char *(*make)(const void *ctx, const char *from),
		     const void *ctx)
{
	uint64_t hash = hash_u64((uintptr_t)from);
	struct memo_entry new = { .from = from };
	int64_t id = hash_find(&m->index, hash, same_place, m, from);

	if (id >= 0)
		return m->list[id].made ? m->list[id].made : from;
	if (grow(&m->list, &m->room, m->n, sizeof(*m->list)) ||
	    hash_add(&m->index, hash, (uint32_t)m->n))
		return from;
	new.made = make(ctx, from);
	m->list[m->n++] = new;
	return new.made ? new.made : from;
}

void memo_release(struct memo *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->list[i].made);
	free(m->list);
	hash_release(&m->index);
	*m = (struct memo){ 0 };
}

static char *demangle(const void *ctx, const char *name)
{
	int status;

	(void)ctx;
	if (strnlen(name, MANGLED_BYTES_MAX) == MANGLED_BYTES_MAX)
		return NULL;
	return __cxa_demangle(name, NULL, NULL, &status);
}

const char *memo_demangle(struct memo *m, const char *name)
{
	if (name[0] != '_' || name[1] != 'Z')
		return name;
	return memo_get(m, name, demangle, NULL);
}

static char *cut_version(const void *ctx, const char *name)
{
	(void)ctx;
	return strndup(name, strcspn(name, "@"));
}

const char *memo_unversioned(struct memo *m, const char *name)
{
	const char *at = strchr(name, '@');

	return at && at > name ? memo_get(m, name, cut_version, NULL) : name;
}

static char *join(const void *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", (const char *)folder, name) < 0 ?
		NULL : path;
}

const char *memo_path(struct memo *m, const char *folder, const char *name)
{
	if (name[0] == '/')
		return name;
	return memo_get(m, name, join, folder);
}
