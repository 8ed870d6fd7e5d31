/* The strings of a snapshot, each kept once, as small numbers. */
#ifndef LIB_SNAPSHOT_STRTAB_H
#define LIB_SNAPSHOT_STRTAB_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/hash.h"

#define STRTAB_COUNT_MAX (1u << 20)             /* strings */
#define STRTAB_BYTES_MAX ((size_t)64 << 20)     /* of all of them */
#define STRTAB_STRING_MAX 4096                  /* bytes; the rest is cut */

/* All zero is an empty table; id 0 is always "". */
struct strtab {
	struct buf text;        /* zero-terminated strings, one after another */
	struct buf offsets;     /* uint32_t of each id, where it is in text */
	struct hash known;
};

/* The id of S, new or known; 0 when S is NULL or a cap is reached. */
uint32_t strtab_put(struct strtab *t, const char *s);

/* The string of ID, "" for what is none; until the next put. */
const char *strtab_get(const struct strtab *t, uint32_t id);

/* Ids are below this. */
static inline uint32_t strtab_count(const struct strtab *t)
{
	return (uint32_t)(t->offsets.len / sizeof(uint32_t)) + 1;
}

void strtab_release(struct strtab *t);

#endif
