#include "lib/snapshot/strtab.h"

#include <string.h>

struct key {
	const char *s;
	size_t n;
};

static uint32_t count_of(const struct strtab *t)
{
	return (uint32_t)(t->offsets.len / sizeof(uint32_t));
}

const char *strtab_get(const struct strtab *t, uint32_t id)
{
	if (id == 0 || id > count_of(t))
		return "";
	return (const char *)t->text.data +
	       ((const uint32_t *)(const void *)t->offsets.data)[id - 1];
}

static bool same(const void *ctx, uint32_t id, const void *key)
{
	const struct key *k = key;
	const char *s = strtab_get(ctx, id);

	return strncmp(s, k->s, k->n) == 0 && s[k->n] == 0;
}

uint32_t strtab_put(struct strtab *t, const char *s)
{
	struct key k = { s, s ? strnlen(s, STRTAB_STRING_MAX) : 0 };
	uint32_t offset = (uint32_t)t->text.len, id = count_of(t) + 1;
	uint64_t hash;
	int64_t found;

	if (k.n == 0)
		return 0;
	hash = hash_bytes(k.s, k.n);
	found = hash_find(&t->known, hash, same, t, &k);
	if (found >= 0)
		return (uint32_t)found;
	if (id > STRTAB_COUNT_MAX ||
	    t->text.len + k.n >= STRTAB_BYTES_MAX ||
	    !buf_reserve(&t->text, k.n + 1) ||
	    !buf_reserve(&t->offsets, sizeof(offset)) ||
	    hash_add(&t->known, hash, id) < 0)
		return 0;
	buf_put(&t->text, k.s, k.n);
	buf_put_u8(&t->text, 0);
	buf_put(&t->offsets, &offset, sizeof(offset));
	return id;
}

void strtab_release(struct strtab *t)
{
	buf_release(&t->text);
	buf_release(&t->offsets);
	hash_release(&t->known);
}
