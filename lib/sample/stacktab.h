/*
 * Interned stacks: each different one once, with summed values.
 */
#ifndef LIB_SAMPLE_STACKTAB_H
#define LIB_SAMPLE_STACKTAB_H

#include <stddef.h>
#include <stdint.h>

#define STACKTAB_VALUES_MAX 4
#define STACKTAB_FRAMES_MAX 65536       /* of one stack */

struct stacktab_entry {
	uint64_t hash;
	uint64_t tag;
	int64_t values[STACKTAB_VALUES_MAX];
	size_t first;           /* index into pcs */
	uint32_t n;
};

struct stacktab {
	struct stacktab_entry *entries; /* by id, 0 to n - 1 */
	size_t n, room, max;
	uint64_t *pcs;
	size_t n_pcs, pcs_room, pcs_max;
	uint32_t *slots;                /* hash table: id + 1, 0 is free */
	size_t n_slots;                 /* power of two, or 0 */
	int n_values;
	uint64_t dropped;               /* calls that found no room */
	int64_t dropped_values[STACKTAB_VALUES_MAX];
};

/* One stack as stacktab_get() shows it; valid until the next add. */
struct stacktab_stack {
	uint64_t tag;
	const uint64_t *pcs;
	size_t n;
	const int64_t *values;
};

/*
 * An empty table for up to MAX_STACKS stacks of MAX_PCS pcs in all, N_VALUES
 * (1 to STACKTAB_VALUES_MAX) sums each.  Memory grows as it is used.
 */
void stacktab_init(struct stacktab *t, size_t max_stacks, size_t max_pcs,
		   int n_values);
void stacktab_release(struct stacktab *t);

/* Forgets all stacks and counters; keeps the memory and the caps. */
void stacktab_clear(struct stacktab *t);

/*
 * Adds VALUES to the stack PCS[0..N) with TAG and returns its id; ids are dense
 * and start at 0.  When the caps or memory forbid a new one: -ENOSPC or
 * -ENOMEM, and the values are added to what was dropped.
 */
int64_t stacktab_add(struct stacktab *t, uint64_t tag, const uint64_t *pcs,
		     size_t n, const int64_t *values);

/* How many stacks there are. */
static inline size_t stacktab_count(const struct stacktab *t)
{
	return t->n;
}

/* The stack with ID, which must be below the count. */
void stacktab_get(const struct stacktab *t, size_t id,
		  struct stacktab_stack *out);

#endif
