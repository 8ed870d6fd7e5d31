/*
 * Stacks of pcs into a profile: each pc's mapping and names are asked for
 * once.
 */
#ifndef LIB_WIRE_PPROF_STACKS_H
#define LIB_WIRE_PPROF_STACKS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/wire/pprof.h"

enum { PPROF_INLINES_MAX = 64, PPROF_DEPTH_MAX = 1024 };

/* Who knows what lies at a pc. */
struct pprof_space {
	/* The mapping id pprof_mapping() gave, 0 for none. */
	uint64_t (*mapping)(void *ctx, uint64_t pc);
	/* Fills at most MAX frames, innermost first; how many.  Strings need to
	 * live only until the next call. */
	size_t (*frames)(void *ctx, uint64_t pc, struct pprof_frame *out,
			 size_t max);
	void *ctx;
};

/*
 * Writes one sample.  PCS are leaf first, the first exact, all others return
 * addresses: the call is one byte before.
 */
void pprof_stack(struct pprof_writer *w, const struct pprof_space *space,
		 const uint64_t *pcs, size_t n, const int64_t *values,
		 size_t n_values, const struct pprof_label *labels,
		 size_t n_labels);

#endif
