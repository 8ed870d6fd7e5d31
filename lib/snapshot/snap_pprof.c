/*
 * Frames are at hand with their names, so locations are made of them and
 * nothing is looked up: an inlined call and what it is inlined into are one
 * location, which ends with the first frame that is not inlined.
 */
#include "lib/snapshot/snap_pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/snapshot/labels.h"
#include "lib/wire/pprof_stacks.h"

struct kind {
	uint32_t stack, labels;
	int64_t count;
};

struct writing {
	struct pprof_writer *w;
	const struct snapshot *s;
	uint64_t (*mapping)(void *ctx, uint64_t pc);
	void *ctx;
};

/* Kinds ---------------------------------------------------------------------*/

static int by_kind(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return (x->labels > y->labels) - (x->labels < y->labels);
}

static int by_count(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_kind(a, b);
}

/* How many kinds there are in AT, which has room for all rows. */
static uint32_t count_kinds(const struct snapshot *s, struct kind *at)
{
	uint32_t n = 0, kept = 0;

	for (uint32_t i = 0; i < s->row_count; i++)
		if (!s->rows[i].system)
			at[n++] = (struct kind){ s->rows[i].stack,
						 s->rows[i].labels, 1 };
	qsort(at, n, sizeof(*at), by_kind);
	for (uint32_t i = 0; i < n; i++) {
		if (kept && by_kind(&at[kept - 1], &at[i]) == 0)
			at[kept - 1].count++;
		else
			at[kept++] = at[i];
	}
	qsort(at, kept, sizeof(*at), by_count);
	return kept;
}

/* Samples -------------------------------------------------------------------*/

/* Where the call is, not where it returns to; one that has not begun stands
 * at its function's first byte. */
static uint64_t address_of(const struct snap_frame *f)
{
	return f->inlined || f->offset ? f->pc - 1 : f->pc;
}

/* The location that begins with F, of DEPTH frames left; *N are its own. */
static uint64_t put_location(const struct writing *p,
			     const struct snap_frame *f, uint32_t depth,
			     uint32_t *n)
{
	struct pprof_frame out[PPROF_INLINES_MAX];
	const struct snapshot *s = p->s;
	uint64_t address;

	*n = 0;
	do {
		out[*n] = (struct pprof_frame){
			.function = snapshot_string(s, f[*n].func),
			.file = snapshot_string(s, f[*n].file),
			.start_line = f[*n].start_line,
			.line = f[*n].line,
		};
	} while (f[(*n)++].inlined && *n < depth && *n < PPROF_INLINES_MAX &&
		 f[*n].pc == f[0].pc);
	address = address_of(&f[*n - 1]);
	/* A frame without a name is for pprof to find out. */
	return pprof_location(p->w, address, p->mapping(p->ctx, address), out,
			      f[0].func ? *n : 0);
}

static bool is_goexit(const struct snapshot *s, const struct snap_frame *f)
{
	return !strcmp(snapshot_string(s, f->func), "runtime.goexit");
}

static void put_sample(const struct writing *p, const struct kind *k)
{
	struct pprof_label labels[LABELS_MAX];
	uint64_t ids[SNAP_DEPTH_MAX];
	struct labels l;
	uint32_t depth, n = 0, step;
	const struct snap_frame *f = snapshot_frames(p->s, k->stack, &depth);

	if (depth && is_goexit(p->s, &f[depth - 1]))
		depth--;
	for (uint32_t i = 0; i < depth; i += step)
		ids[n++] = put_location(p, f + i, depth - i, &step);
	labels_read(&l, snapshot_string(p->s, k->labels));
	for (size_t i = 0; i < l.n; i++)
		labels[i] = (struct pprof_label){ .key = l.at[i].key,
						  .str = l.at[i].value };
	pprof_sample(p->w, ids, n, &k->count, 1, labels, l.n);
	labels_release(&l);
}

int snap_pprof(struct pprof_writer *w, const struct snapshot *s,
	       uint64_t (*mapping)(void *ctx, uint64_t pc), void *ctx)
{
	const struct writing p = { w, s, mapping, ctx };
	struct kind *kinds = calloc(s->row_count + 1, sizeof(*kinds));
	uint32_t n;

	if (!kinds)
		return -ENOMEM;
	pprof_sample_type(w, "goroutine", "count");
	pprof_period(w, "goroutine", "count", 1);
	n = count_kinds(s, kinds);
	for (uint32_t i = 0; i < n; i++)
		put_sample(&p, &kinds[i]);
	free(kinds);
	return 0;
}
