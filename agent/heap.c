/*
 * The memory profile: what pgo_malloc() gave, at this moment.  Stack by stack
 * out of the runtime, which holds a lock for one at a time.
 */
#include "agent/heap.h"

#include <errno.h>

#include "agent/names.h"
#include "lib/base/clock.h"
#include "lib/serve/profile.h"
#include "lib/wire/gzip.h"
#include "lib/wire/pprof_heap.h"
#include "lib/wire/pprof_stacks.h"

static uint64_t mapping_of(void *ctx, uint64_t pc)
{
	struct serve_mapping m;

	(void)ctx;
	for (uint32_t i = 0; names_mapping(i, &m); i++)
		if (pc >= m.start && pc < m.limit)
			return i + 1;
	return 0;
}

static size_t frames_of(void *ctx, uint64_t pc, struct pprof_frame *out,
			size_t max)
{
	const struct serve_frame *f;
	size_t n = names_frames(pc, &f);

	(void)ctx;
	return profile_frames(f, n, out, max);
}

/* What is named here is named as well as it can be: nobody is to try again
 * with other files. */
static void put_mappings(struct pprof_writer *w)
{
	struct serve_mapping m;

	for (uint32_t i = 0; names_mapping(i, &m); i++)
		pprof_mapping(w, &(struct pprof_mapping){
			.start = m.start,
			.limit = m.limit,
			.offset = m.offset,
			.file = m.file,
			.build_id = m.build_id,
			.has_functions = true,
			.has_filenames = true,
			.has_line_numbers = true,
			.has_inline_frames = true,
		});
}

static void put_stacks(struct pprof_writer *w, const struct view *view,
		       int64_t rate)
{
	const struct pprof_space space = { mapping_of, frames_of, NULL };
	uint64_t pcs[VIEW_PCS_MAX];
	struct view_heap h;
	int n;

	for (uint32_t i = 0;
	     (n = view->heap(i, &h, pcs, VIEW_PCS_MAX)) >= 0; i++) {
		const struct pprof_label bytes = { .key = "bytes",
						   .num = (int64_t)h.bytes };
		int64_t values[PPROF_HEAP_VALUES];

		/* As all others it is a return address. */
		if (n > 0)
			pcs[0]--;
		pprof_heap_values(h.mallocs, h.frees, h.bytes, rate, values);
		pprof_stack(w, &space, pcs, (size_t)n, values,
			    PPROF_HEAP_VALUES, &bytes, 1);
	}
}

int heap_write(const struct view *view, bool allocs, struct buf *out,
	       struct err *e)
{
	int64_t rate = (int64_t)view->heap_rate();
	struct buf raw = { 0 };
	struct pprof_writer *w;
	int rc;

	if (!rate)
		return err_set(e, -ENODATA, "no memory profile is taken "
			       "(PGODEBUG=memprofilerate=524288)");
	w = pprof_writer_new(&raw);
	if (!w)
		return err_set(e, -ENOMEM, "memory profile");
	pprof_heap_types(w, rate);
	if (allocs)
		pprof_default_type(w, "alloc_space");
	pprof_time(w, clock_wall_ns(), 0);
	put_mappings(w);
	put_stacks(w, view, rate);
	rc = pprof_finish(w);
	if (!rc)
		rc = gzip_deflate(out, raw.data, raw.len);
	pprof_writer_free(w);
	buf_release(&raw);
	return rc ? err_set(e, rc, "memory profile") : 0;
}
