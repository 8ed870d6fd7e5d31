/*
 * Finding things by what they are: a table of small numbers, each the index of
 * something the caller keeps, found by a hash and a test of equality.
 *
 * All zero is an empty table.  hash_find() allocates nothing; hash_add() calls
 * malloc() when the table grows.  Hashes are seeded per process, so a hostile
 * file cannot choose its collisions, and mean nothing elsewhere.
 */
#ifndef LIB_BASE_HASH_H
#define LIB_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hash_slot {
	uint32_t hash;          /* 32 bits of the whole hash */
	uint32_t id1;           /* id + 1; 0 is a free slot */
};

struct hash {
	struct hash_slot *slots;        /* mask + 1 of them, or NULL */
	size_t mask;                    /* slots - 1 */
	size_t n;                       /* taken, at most 3/4 of the slots */
};

#define HASH_ID_MAX (UINT32_MAX - 1)

/* Whether thing ID of the caller's is KEY. */
typedef bool hash_same_fn(const void *ctx, uint32_t id, const void *key);

uint64_t hash_bytes(const void *bytes, size_t n);
uint64_t hash_u64(uint64_t v);
/* The hash of all that went into H, and V. */
uint64_t hash_mix(uint64_t h, uint64_t v);

/* The id whose hash is HASH and that is SAME as KEY, or -1. */
int64_t hash_find(const struct hash *t, uint64_t hash, hash_same_fn *same,
		  const void *ctx, const void *key);

/* Adds ID under HASH; twice is two entries.  0, -ENOMEM, or -E2BIG when ID is
 * above HASH_ID_MAX. */
int hash_add(struct hash *t, uint64_t hash, uint32_t id);

void hash_clear(struct hash *t);        /* empty; keeps memory */
void hash_release(struct hash *t);

#endif
