/*
 * The memory profile a Go program keeps of itself: what it allocated, by
 * stack and size, as runtime.MemProfile gives it.
 */
#ifndef LIB_TARGET_GO_HEAP_H
#define LIB_TARGET_GO_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/target/go/attach.h"
#include "lib/wire/pprof.h"

enum {
	GO_HEAP_BUCKETS_MAX = 1 << 17,
	GO_HEAP_PCS_MAX = 1 << 21,      /* of all stacks */
	GO_HEAP_DEPTH_MAX = 1024,       /* Go's own bound since 1.23 */
};

/* Objects of one size from one stack that were sampled: unscaled. */
struct go_heap_bucket {
	uint64_t bytes;         /* of one object */
	uint64_t allocs, frees;
	uint32_t first, depth;  /* in pcs */
};

struct go_heap {
	int64_t rate;           /* bytes between two samples, on average */
	struct go_heap_bucket *buckets;
	size_t n, room;
	uint64_t *pcs;          /* leaf first, return addresses, one for each
				 * frame: inlined ones have their own */
	size_t pcs_n, pcs_room;
};

/*
 * Reads the buckets of GO, as of the last garbage collection; before the first
 * one, what was allocated so far.  0; -ENODATA when the program keeps none,
 * and why in E; -EBADMSG when they make no sense; as space_read().
 * go_heap_release() in any case.
 */
int go_heap_read(struct go_heap *h, struct go *go, struct err *e);
void go_heap_release(struct go_heap *h);

/*
 * Writes H as Go's heap profile: objects and bytes, allocated and in use,
 * scaled up from the samples.  MAPPING is asked for the id of a pc's mapping.
 */
void go_heap_write(const struct go_heap *h, struct go *go,
		   struct pprof_writer *w,
		   uint64_t (*mapping)(void *ctx, uint64_t pc), void *ctx);

#endif
