#include "lib/wire/pprof_stacks.h"

static uint64_t location_of(struct pprof_writer *w,
			    const struct pprof_space *space, uint64_t pc)
{
	struct pprof_frame frames[PPROF_INLINES_MAX];
	uint64_t id = pprof_location_find(w, pc);
	size_t n;

	if (id)
		return id;
	n = space->frames(space->ctx, pc, frames, PPROF_INLINES_MAX);
	return pprof_location(w, pc, space->mapping(space->ctx, pc), frames,
			      n);
}

void pprof_stack(struct pprof_writer *w, const struct pprof_space *space,
		 const uint64_t *pcs, size_t n, const int64_t *values,
		 size_t n_values, const struct pprof_label *labels,
		 size_t n_labels)
{
	uint64_t ids[PPROF_DEPTH_MAX];

	if (n > PPROF_DEPTH_MAX)
		n = PPROF_DEPTH_MAX;
	for (size_t i = 0; i < n; i++)
		ids[i] = location_of(w, space, pcs[i] - (i > 0));
	pprof_sample(w, ids, n, values, n_values, labels, n_labels);
}
