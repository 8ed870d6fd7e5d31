/*
 * Open addressing, linear probing, backward shift on removal: no tombstones,
 * so a table that is used for days stays as quick as a fresh one.
 *
 * A slot keeps 32 bits of the hash: they choose its home, and the caller's test
 * of equality runs only when all of them agree.
 */
#include "lib/base/hash.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#define SLOTS_MIN 16

/* Half of the 16 random bytes the kernel gives every process at exec.  Kept, as
 * getauxval() searches; two threads may both fill it, with the same. */
static uint64_t seed(void)
{
	static _Atomic uint64_t kept;
	uint64_t v = atomic_load_explicit(&kept, memory_order_relaxed);
	const void *at_random;

	if (v)
		return v;
	at_random = (const void *)getauxval(AT_RANDOM);
	if (at_random)
		memcpy(&v, at_random, sizeof(v));
	v |= 1;
	atomic_store_explicit(&kept, v, memory_order_relaxed);
	return v;
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

uint64_t hash_mix(uint64_t h, uint64_t v)
{
	return fold(h ^ UINT64_C(0x9e3779b97f4a7c15),
		    v ^ UINT64_C(0xd6e8feb86659fd93) ^ (h << 32 | h >> 32));
}

uint64_t hash_u64(uint64_t v)
{
	return hash_mix(seed(), v);
}

uint64_t hash_bytes(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t h = hash_mix(seed(), n), word;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		h = hash_mix(h, word);
	}
	if (n) {
		word = 0;
		memcpy(&word, p, n);
		h = hash_mix(h, word);
	}
	return h;
}

/* What a slot keeps of a hash. */
static uint32_t short_of(uint64_t hash)
{
	return (uint32_t)(hash ^ hash >> 32);
}

int64_t hash_find(const struct hash *t, uint64_t hash, hash_same_fn *same,
		  const void *ctx, const void *key)
{
	uint32_t h = short_of(hash);
	const struct hash_slot *s;
	size_t i;

	if (!t->n)
		return -1;
	for (i = h & t->mask;; i = (i + 1) & t->mask) {
		s = &t->slots[i];
		if (!s->id1)
			return -1;
		if (s->hash == h && same(ctx, s->id1 - 1, key))
			return s->id1 - 1;
	}
}

static void place(struct hash *t, struct hash_slot slot)
{
	size_t i = slot.hash & t->mask;

	while (t->slots[i].id1)
		i = (i + 1) & t->mask;
	t->slots[i] = slot;
}

static int grow(struct hash *t)
{
	size_t slots = t->slots ? 2 * (t->mask + 1) : SLOTS_MIN, i;
	struct hash old = *t;

	t->slots = calloc(slots, sizeof(*t->slots));
	if (!t->slots) {
		*t = old;
		return -ENOMEM;
	}
	t->mask = slots - 1;
	for (i = 0; old.slots && i <= old.mask; i++)
		if (old.slots[i].id1)
			place(t, old.slots[i]);
	free(old.slots);
	return 0;
}

int hash_add(struct hash *t, uint64_t hash, uint32_t id)
{
	int rc;

	if (id > HASH_ID_MAX)
		return -E2BIG;
	if (!t->slots || t->n >= (t->mask + 1) / 4 * 3) {
		rc = grow(t);
		if (rc < 0)
			return rc;
	}
	place(t, (struct hash_slot){ short_of(hash), id + 1 });
	t->n++;
	return 0;
}

void hash_clear(struct hash *t)
{
	if (t->slots)
		memset(t->slots, 0, (t->mask + 1) * sizeof(*t->slots));
	t->n = 0;
}

void hash_release(struct hash *t)
{
	free(t->slots);
	*t = (struct hash){ 0 };
}
