/* Who calls whom in a report, with what weight. */
#ifndef PGO_TRACE_CALLS_H
#define PGO_TRACE_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/hash.h"

struct call {
	uint32_t from, to;      /* nodes */
	int64_t weight;
	uint32_t seen;          /* as in struct report_node */
	bool inlined;           /* in every sample */
};

/* All zero is empty. */
struct calls {
	struct call *calls;
	size_t n, room;
	struct hash by_ends;
};

/* Adds WEIGHT once for each SAMPLE.  0 or -ENOMEM. */
int calls_add(struct calls *c, uint32_t from, uint32_t to, int64_t weight,
	      bool inlined, uint32_t sample);
void calls_clear(struct calls *c);
void calls_release(struct calls *c);

#endif
