/*
 * A stack has a pc for each frame, inlined ones too; a location is a pc with
 * all frames at it.  So a pc whose frame was already given with the one before
 * it is passed over.  What the runtime itself called to allocate is cut off,
 * as long as anything else remains.
 *
 * Source: src/runtime/pprof/protomem.go.
 */
#include "lib/target/go/heap.h"

#include <string.h>

#include "lib/target/go/names.h"
#include "lib/wire/pprof_heap.h"
#include "symbolizer/symbolizer.h"

struct writing {
	struct go *go;
	struct pprof_writer *w;
	uint64_t (*mapping)(void *ctx, uint64_t pc);
	void *ctx;
};

/* Stacks ------------------------------------------------------------------ */

static bool is_runtime(struct go *go, uint64_t pc)
{
	struct sym_frame f;

	return go_pc_frames(go, pc, true, &f, 1) && f.func &&
	       (!strncmp(f.func, "runtime.", 8) ||
		!strncmp(f.func, "internal/runtime/", 17));
}

/* How many of the N pcs at the leaf are the runtime's; 0 when all are. */
static size_t own_frames(struct go *go, const uint64_t *pcs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_runtime(go, pcs[i]))
			return i;
	return 0;
}

/* How many of the N pcs behind the first stand for the FRAMES it is inlined
 * into. */
static size_t inlined_pcs(struct go *go, const uint64_t *pcs, size_t n,
			  const struct sym_frame *frames, size_t count)
{
	struct sym_frame f;
	size_t taken = 0;

	for (size_t i = 1; i < count && taken + 1 < n; i++) {
		if (!go_pc_frames(go, pcs[taken + 1], false, &f, 1) ||
		    !f.func || !frames[i].func ||
		    strcmp(f.func, frames[i].func) ||
		    f.line != frames[i].line)
			continue;
		taken++;
	}
	return taken;
}

static uint64_t put_location(const struct writing *w, uint64_t pc,
			     const struct sym_frame *frames, size_t count)
{
	struct pprof_frame f[SYM_FRAMES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!frames[i].wrapper && frames[i].func)
			f[n++] = (struct pprof_frame){
				.function = frames[i].func,
				.system_name = frames[i].linkage,
				.file = frames[i].file ? frames[i].file : "",
				.start_line = frames[i].start_line,
				.line = frames[i].line,
			};
	return pprof_location(w->w, pc - 1, w->mapping(w->ctx, pc - 1), f, n);
}

static size_t put_stack(const struct writing *w, const uint64_t *pcs,
			size_t n, uint64_t *ids)
{
	struct sym_frame f[SYM_FRAMES_MAX];
	size_t i = own_frames(w->go, pcs, n), depth = 0, count;

	for (; i < n; i++) {
		count = go_pc_frames(w->go, pcs[i], false, f, SYM_FRAMES_MAX);
		count = count < SYM_FRAMES_MAX ? count : SYM_FRAMES_MAX;
		if (count && f[0].func && !strcmp(f[0].func, "runtime.goexit"))
			continue;
		ids[depth++] = put_location(w, pcs[i], f, count);
		i += inlined_pcs(w->go, pcs + i, n - i, f, count);
	}
	return depth;
}

static void put_bucket(const struct writing *w, const struct go_heap *h,
		       const struct go_heap_bucket *b)
{
	uint64_t ids[GO_HEAP_DEPTH_MAX];
	size_t depth = put_stack(w, h->pcs + b->first, b->depth, ids);
	const struct pprof_label bytes = {
		.key = "bytes", .num = (int64_t)b->bytes,
	};
	int64_t values[PPROF_HEAP_VALUES];

	pprof_heap_values(b->allocs, b->frees, b->bytes, h->rate, values);
	pprof_sample(w->w, ids, depth, values, PPROF_HEAP_VALUES, &bytes, 1);
}

void go_heap_write(const struct go_heap *h, struct go *go,
		   struct pprof_writer *w,
		   uint64_t (*mapping)(void *ctx, uint64_t pc), void *ctx)
{
	const struct writing writing = { go, w, mapping, ctx };

	pprof_heap_types(w, h->rate);
	for (size_t i = 0; i < h->n; i++)
		put_bucket(&writing, h, &h->buckets[i]);
}
