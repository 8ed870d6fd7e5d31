/* The code mapped in a process, with build ids: what profiles list. */
#ifndef LIB_TARGET_MAPPINGS_H
#define LIB_TARGET_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buildid.h"
#include "lib/base/err.h"
#include "lib/base/maps.h"

struct mapping {
	uint64_t start, limit, offset;
	const char *file;               /* lives as the mappings */
	char build_id[2 * BUILDID_MAX + 1];     /* hex, "" for none */
};

/* All zero is none. */
struct mappings {
	struct mapping *at;             /* the program's own first */
	size_t n;
	struct maps maps;
};

/* Reads those of PID; its files are opened as it sees them.  0 or -E with
 * words in E; mappings_release() in any case.  [any but g: allocates] */
int mappings_read(struct mappings *m, pid_t pid, struct err *e);
void mappings_release(struct mappings *m);

/* The number of the one that holds PC, or -1. */
int64_t mappings_find(const struct mappings *m, uint64_t pc);

#endif
