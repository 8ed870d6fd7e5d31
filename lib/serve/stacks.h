/*
 * Different stacks, each once for all that have the same labels, with what was
 * counted at it.
 */
#ifndef LIB_SERVE_STACKS_H
#define LIB_SERVE_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/hash.h"

enum {
	STACKS_MAX = 1 << 20,
	STACKS_PCS_MAX = 64 << 20,      /* 512 MB */
	STACKS_LABELS_MAX = 64 << 20,   /* bytes */
};

struct stack {
	uint64_t hash;
	size_t first;           /* index into pcs */
	uint32_t n;
	uint32_t labels_bytes;
	size_t labels;          /* where they begin in struct stacks.labels */
	int64_t count;
};

/* All zero is an empty set.  Adding allocates. */
struct stacks {
	struct stack *stacks;   /* by id, from 0 */
	size_t n, room;
	uint64_t *pcs;
	size_t n_pcs, pcs_room;
	struct buf labels;
	struct hash hash;
	int64_t dropped;        /* counts that found no room */
};

void stacks_release(struct stacks *s);

/* What is counted: pcs, and labels as in struct serve_g. */
struct stack_of {
	const uint64_t *pcs;
	size_t n;
	const char *labels;
	size_t labels_bytes;
};

/* Adds COUNT to the stack OF.  Its id, or -ENOMEM, -E2BIG. */
int64_t stacks_add(struct stacks *s, const struct stack_of *of, int64_t count);

static inline const uint64_t *stacks_pcs(const struct stacks *s, size_t id)
{
	return s->pcs + s->stacks[id].first;
}

/* Those of stack ID: labels_bytes of them. */
static inline const char *stacks_labels(const struct stacks *s, size_t id)
{
	return (const char *)s->labels.data + s->stacks[id].labels;
}

/* The ids, those with the highest count first, then by address; the caller
 * frees them.  NULL when memory is out. */
uint32_t *stacks_sorted(const struct stacks *s);

#endif
