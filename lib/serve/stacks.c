/* Interned stacks: an array of them, one of their pcs, one of their labels, a
 * hash over all. */
#include "lib/serve/stacks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 256 };

void stacks_release(struct stacks *s)
{
	free(s->stacks);
	free(s->pcs);
	buf_release(&s->labels);
	hash_release(&s->hash);
	memset(s, 0, sizeof(*s));
}

static bool same(const void *ctx, uint32_t id, const void *key)
{
	const struct stacks *s = ctx;
	const struct stack_of *k = key;
	const struct stack *st = &s->stacks[id];

	return st->n == k->n && st->labels_bytes == k->labels_bytes &&
	       (!k->n ||
		!memcmp(stacks_pcs(s, id), k->pcs, k->n * sizeof(*k->pcs))) &&
	       (!k->labels_bytes ||
		!memcmp(stacks_labels(s, id), k->labels, k->labels_bytes));
}

/* Room in *P, of *ROOM things of BYTES, for WANTED of them. */
static int grow(void **p, size_t *room, size_t wanted, size_t max,
		size_t bytes)
{
	size_t n = *room ? *room : ROOM_FIRST;
	void *new;

	if (wanted <= *room)
		return 0;
	if (wanted > max)
		return -E2BIG;
	while (n < wanted)
		n *= 2;
	new = reallocarray(*p, n, bytes);
	if (!new)
		return -ENOMEM;
	*p = new;
	*room = n;
	return 0;
}

static int keep_labels(struct stacks *s, const struct stack_of *k)
{
	if (!k->labels_bytes)
		return 0;
	s->labels.cap = STACKS_LABELS_MAX;
	buf_put(&s->labels, k->labels, k->labels_bytes);
	return buf_error(&s->labels);
}

static int64_t add_new(struct stacks *s, const struct stack_of *k,
		       uint64_t hash)
{
	size_t labels = s->labels.len;
	struct stack *st;
	int rc = grow((void **)&s->stacks, &s->room, s->n + 1, STACKS_MAX,
		      sizeof(*s->stacks));

	if (!rc)
		rc = grow((void **)&s->pcs, &s->pcs_room, s->n_pcs + k->n,
			  STACKS_PCS_MAX, sizeof(*s->pcs));
	if (!rc)
		rc = keep_labels(s, k);
	if (!rc)
		rc = hash_add(&s->hash, hash, (uint32_t)s->n);
	if (rc)
		return rc;
	st = &s->stacks[s->n];
	*st = (struct stack){
		.hash = hash,
		.first = s->n_pcs,
		.n = (uint32_t)k->n,
		.labels = labels,
		.labels_bytes = (uint32_t)k->labels_bytes,
	};
	if (k->n)
		memcpy(s->pcs + s->n_pcs, k->pcs, k->n * sizeof(*k->pcs));
	s->n_pcs += k->n;
	return (int64_t)s->n++;
}

int64_t stacks_add(struct stacks *s, const struct stack_of *of, int64_t count)
{
	uint64_t hash = hash_mix(hash_bytes(of->pcs,
					    of->n * sizeof(*of->pcs)), of->n);
	int64_t id;

	if (of->labels_bytes)
		hash = hash_mix(hash, hash_bytes(of->labels,
						 of->labels_bytes));
	id = hash_find(&s->hash, hash, same, s, of);
	if (id < 0)
		id = add_new(s, of, hash);
	if (id < 0)
		s->dropped += count;
	else
		s->stacks[id].count += count;
	return id;
}

static int by_count(const void *a, const void *b, void *ctx)
{
	const struct stacks *s = ctx;
	const struct stack *x = &s->stacks[*(const uint32_t *)a];
	const struct stack *y = &s->stacks[*(const uint32_t *)b];
	const uint64_t *p = s->pcs + x->first, *q = s->pcs + y->first;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	for (uint32_t i = 0; i < x->n && i < y->n; i++)
		if (p[i] != q[i])
			return p[i] < q[i] ? -1 : 1;
	if (x->n != y->n)
		return x->n < y->n ? -1 : 1;
	return x->labels < y->labels ? -1 : x->labels > y->labels;
}

uint32_t *stacks_sorted(const struct stacks *s)
{
	uint32_t *ids = calloc(s->n + 1, sizeof(*ids));

	if (!ids)
		return NULL;
	for (uint32_t i = 0; i < s->n; i++)
		ids[i] = i;
	qsort_r(ids, s->n, sizeof(*ids), by_count, (void *)(uintptr_t)s);
	return ids;
}
