/* A set of names: open addressing, FNV-1a, half full at most. */

#include "runtime/cc/names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/cc/mem.h"

static size_t hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32);
}

/* Where S is, or where it would go. */
static struct name *place(const struct names *t, const char *s)
{
	size_t i;

	for (i = hash(s);; i++) {
		struct name *e = &t->at[i & (t->room - 1)];

		if (!e->s || !strcmp(e->s, s))
			return e;
	}
}

static void grow(struct names *t)
{
	struct names big = { .n = t->n, .room = t->room ? 2 * t->room : 64 };
	size_t i;

	big.at = mem_get(big.room * sizeof(*big.at));
	for (i = 0; i < t->room; i++)
		if (t->at[i].s)
			*place(&big, t->at[i].s) = t->at[i];
	free(t->at);
	*t = big;
}

struct name *names_get(struct names *t, const char *s)
{
	struct name *e;

	if (2 * (t->n + 1) > t->room)
		grow(t);
	e = place(t, s);
	if (!e->s) {
		e->s = s;
		t->n++;
	}
	return e;
}

struct name *names_find(const struct names *t, const char *s)
{
	struct name *e = t->room ? place(t, s) : NULL;

	return e && e->s ? e : NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **names_sorted(const struct names *t)
{
	const char **v = mem_get((t->n + 1) * sizeof(*v));
	size_t i, n = 0;

	for (i = 0; i < t->room; i++)
		if (t->at[i].s)
			v[n++] = t->at[i].s;
	qsort(v, n, sizeof(*v), by_name);
	return v;
}
