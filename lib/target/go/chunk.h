/*
 * Some goroutines read together, with their stacks, while the program runs.
 */
#ifndef LIB_TARGET_GO_CHUNK_H
#define LIB_TARGET_GO_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/target/gather.h"
#include "lib/target/go/labels.h"
#include "lib/target/go/names.h"
#include "lib/target/go/one.h"
#include "lib/target/go/unwind.h"

enum {
	CHUNK_MAX = 1024,       /* goroutines at once */
	CHUNK_DEEP = 128,       /* walks that need more, at once */
};

/* A walk that needs more of its stack. */
struct deep {
	struct go_one *one;
	struct go_walker walk;
	uint64_t pcs[GO_DEPTH_MAX];
};

/* Zero but for the first three is ready. */
struct chunk {
	struct go *go;
	struct go_names *names;
	bool states_only;       /* neither stacks nor labels */

	struct gather heads, stacks, more;
	struct go_labels labels;
	struct gather_want head_want[CHUNK_MAX], stack_want[CHUNK_MAX];
	struct gather_want more_want[CHUNK_DEEP];
	struct go_one *set[CHUNK_MAX];
	struct deep deep[CHUNK_DEEP];
	size_t deep_count;
	size_t budget;          /* bytes that deep stacks may still cost */
};

/*
 * Reads the N <= CHUNK_MAX goroutines at ones[].at: what became of each is in
 * had, and the stack of those that have one in the snapshot.  What moved
 * meanwhile was tried again.  0, or -E as space_readv().
 */
int chunk_read(struct chunk *c, struct go_one *ones, size_t n);
void chunk_release(struct chunk *c);

#endif
