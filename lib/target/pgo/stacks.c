#include "lib/target/pgo/stacks.h"

#include <string.h>

#include "lib/target/pgo/program.h"

struct known_stack {
	uint32_t first, n;      /* in pcs */
	uint32_t id;            /* the snapshot's */
};

void pgo_stacks_reset(struct pgo_stacks *k)
{
	buf_reset(&k->known);
	buf_reset(&k->pcs);
	hash_clear(&k->hash);
}

void pgo_stacks_release(struct pgo_stacks *k)
{
	buf_release(&k->known);
	buf_release(&k->pcs);
	hash_release(&k->hash);
}

/* How many pcs at the leaf are the runtime's business; none when all are. */
static uint32_t hidden_leaf(struct pgo_program *p, const uint64_t *pcs,
			    uint32_t n)
{
	uint32_t first = 0;

	while (first < n &&
	       !pgo_names_shown(&p->names, pcs[first] - (first > 0)))
		first++;
	return first < n ? first : 0;
}

/* Names them, leaf first. */
static uint32_t make(struct pgo_program *p, const uint64_t *pcs, uint32_t n)
{
	uint32_t hidden = hidden_leaf(p, pcs, n), depth = 0;
	struct snap_frame f[SNAP_DEPTH_MAX];

	for (uint32_t i = hidden; i < n && depth < SNAP_DEPTH_MAX; i++) {
		uint64_t at = pcs[i] - (i > 0);
		/* The leaf is shown as it is: in the call. */
		uint64_t pc = i == hidden ? at : pcs[i];
		const struct snap_frame *named;
		uint32_t count;

		named = pgo_names_frames(&p->names, p->snap, at, &count);
		if (!count)
			f[depth++] = (struct snap_frame){ .pc = pc };
		for (uint32_t k = 0; k < count && depth < SNAP_DEPTH_MAX; k++) {
			f[depth] = named[k];
			f[depth++].pc = pc;
		}
	}
	return snapshot_stack(p->snap, f, depth);
}

struct key {
	const uint64_t *pcs;
	uint32_t n;
};

static bool same_stack(const void *ctx, uint32_t id, const void *key)
{
	const struct pgo_stacks *s = ctx;
	const struct known_stack *at = (const void *)s->known.data;
	const struct key *k = key;

	return at[id].n == k->n &&
	       !memcmp(s->pcs.data + at[id].first * sizeof(*k->pcs), k->pcs,
		       k->n * sizeof(*k->pcs));
}

uint32_t pgo_stacks_id(struct pgo_program *p, const uint64_t *pcs, uint32_t n)
{
	struct pgo_stacks *s = &p->stacks;
	struct key key = { pcs, n };
	struct known_stack add = {
		.first = (uint32_t)(s->pcs.len / sizeof(*pcs)), .n = n,
	};
	uint64_t hash = hash_u64(n);
	int64_t id;

	for (uint32_t i = 0; i < n; i++)
		hash = hash_mix(hash, pcs[i]);
	id = n ? hash_find(&s->hash, hash, same_stack, s, &key) : -1;
	if (id >= 0)
		return ((struct known_stack *)(void *)s->known.data)[id].id;
	add.id = n ? make(p, pcs, n) : SNAP_NONE;
	if (add.id == SNAP_NONE)
		return SNAP_NONE;
	id = (int64_t)(s->known.len / sizeof(add));
	buf_put(&s->pcs, pcs, n * sizeof(*pcs));
	buf_put(&s->known, &add, sizeof(add));
	if (!buf_error(&s->pcs) && !buf_error(&s->known))
		hash_add(&s->hash, hash, (uint32_t)id);
	return add.id;
}
