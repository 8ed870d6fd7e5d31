/*
 * A hash table with open addressing over ids; the stacks themselves lie one
 * behind the other in an array, so that a profile of 10,000 stacks is three
 * allocations and ids are what a writer numbers its samples by.
 *
 * It is filled by one thread, a drainer, and never in a handler: it allocates.
 * The table is at most half full.
 */
#include "lib/sample/stacktab.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 256
#define FIRST_ENTRIES 64
#define FIRST_PCS 1024

void stacktab_init(struct stacktab *t, size_t max_stacks, size_t max_pcs,
		   int n_values)
{
	memset(t, 0, sizeof(*t));
	t->max = max_stacks < UINT32_MAX / 4 ? max_stacks : UINT32_MAX / 4;
	t->pcs_max = max_pcs < SIZE_MAX / 16 ? max_pcs : SIZE_MAX / 16;
	t->n_values = n_values;
}

void stacktab_release(struct stacktab *t)
{
	free(t->entries);
	free(t->pcs);
	free(t->slots);
	memset(t, 0, sizeof(*t));
}

void stacktab_clear(struct stacktab *t)
{
	t->n = 0;
	t->n_pcs = 0;
	t->dropped = 0;
	memset(t->dropped_values, 0, sizeof(t->dropped_values));
	if (t->slots)
		memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
}

/* One multiply a word; the finish lets the low bits depend on all. */
static uint64_t hash_of(uint64_t tag, const uint64_t *pcs, size_t n)
{
	uint64_t h = tag ^ n;

	for (size_t i = 0; i < n; i++) {
		h = (h ^ pcs[i]) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	h *= 0xbf58476d1ce4e5b9u;
	return h ^ h >> 32;
}

/* Room for NEED items of SIZE bytes in *P, doubling, at most MAX of them. */
static int grow(void **p, size_t *room, size_t need, size_t first, size_t max,
		size_t size)
{
	size_t n = *room ? *room : first;
	void *q;

	if (need <= *room)
		return 0;
	if (need > max)
		return -ENOSPC;
	while (n < need)
		n *= 2;
	q = realloc(*p, n * size);
	if (!q)
		return -ENOMEM;
	*p = q;
	*room = n;
	return 0;
}

/* The slot that holds id + 1, or the free one where it belongs. */
static uint32_t *find(struct stacktab *t, uint64_t hash, uint64_t tag,
		      const uint64_t *pcs, size_t n)
{
	size_t i = hash & (t->n_slots - 1);

	for (; t->slots[i]; i = (i + 1) & (t->n_slots - 1)) {
		const struct stacktab_entry *e = &t->entries[t->slots[i] - 1];

		if (e->hash == hash && e->tag == tag && e->n == n &&
		    (n == 0 || memcmp(t->pcs + e->first, pcs,
				      n * sizeof(*pcs)) == 0))
			break;
	}
	return &t->slots[i];
}

static int rehash(struct stacktab *t)
{
	size_t n = t->n_slots ? t->n_slots * 2 : FIRST_SLOTS;
	uint32_t *slots;

	if (t->n_slots && t->n * 2 < t->n_slots)
		return 0;
	slots = calloc(n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t id = 0; id < t->n; id++) {
		size_t i = t->entries[id].hash & (n - 1);

		while (slots[i])
			i = (i + 1) & (n - 1);
		slots[i] = (uint32_t)id + 1;
	}
	free(t->slots);
	t->slots = slots;
	t->n_slots = n;
	return 0;
}

static int make_room(struct stacktab *t, size_t n)
{
	void *entries = t->entries, *pcs = t->pcs;
	int rc;

	if (t->n == t->max || n > t->pcs_max - t->n_pcs)
		return -ENOSPC;
	rc = grow(&entries, &t->room, t->n + 1, FIRST_ENTRIES, t->max,
		  sizeof(*t->entries));
	t->entries = entries;
	if (rc < 0)
		return rc;
	rc = grow(&pcs, &t->pcs_room, t->n_pcs + n, FIRST_PCS, t->pcs_max,
		  sizeof(*t->pcs));
	t->pcs = pcs;
	return rc;
}

/* Makes the stack that *SLOT is free for. */
static int insert(struct stacktab *t, uint32_t *slot, uint64_t hash,
		  uint64_t tag, const uint64_t *pcs, size_t n)
{
	struct stacktab_entry *e;
	int rc = make_room(t, n);

	if (rc < 0)
		return rc;
	e = &t->entries[t->n];
	memset(e, 0, sizeof(*e));
	e->hash = hash;
	e->tag = tag;
	e->first = t->n_pcs;
	e->n = (uint32_t)n;
	if (n)
		memcpy(t->pcs + t->n_pcs, pcs, n * sizeof(*pcs));
	t->n_pcs += n;
	t->n++;
	*slot = (uint32_t)t->n;
	return 0;
}

static void add_values(const struct stacktab *t, int64_t *sums,
		       const int64_t *values)
{
	for (int i = 0; i < t->n_values; i++)
		sums[i] += values[i];
}

int64_t stacktab_add(struct stacktab *t, uint64_t tag, const uint64_t *pcs,
		     size_t n, const int64_t *values)
{
	uint64_t hash = hash_of(tag, pcs, n);
	uint32_t *slot;
	int rc;

	rc = n > STACKTAB_FRAMES_MAX ? -ENOSPC : rehash(t);
	if (rc == 0) {
		slot = find(t, hash, tag, pcs, n);
		if (*slot == 0)
			rc = insert(t, slot, hash, tag, pcs, n);
	}
	if (rc < 0) {
		t->dropped++;
		add_values(t, t->dropped_values, values);
		return rc;
	}
	add_values(t, t->entries[*slot - 1].values, values);
	return (int64_t)*slot - 1;
}

void stacktab_get(const struct stacktab *t, size_t id,
		  struct stacktab_stack *out)
{
	const struct stacktab_entry *e = &t->entries[id];

	out->tag = e->tag;
	out->pcs = t->pcs + e->first;
	out->n = e->n;
	out->values = e->values;
}
