/*
 * A profile is written when its last stack is known: what the mappings say of
 * themselves (all functions known, all lines) is found by naming every address
 * once before.  Names are the provider's and stay, so the second time is a
 * look into its table.
 */
#include "lib/serve/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/gzip.h"
#include "lib/wire/pprof_stacks.h"

enum { MAPPINGS_MAX = 4096 };

/* What is known of all addresses of one mapping. */
struct known {
	uint64_t start, limit;
	uint32_t index;                 /* the provider's */
	bool used, functions, files, lines, inlines;
};

struct naming {
	const struct provider *provider;
	struct known *known;            /* by address */
	size_t n;
};

static int by_start(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int naming_init(struct naming *nm, const struct provider *p)
{
	struct serve_mapping m;
	size_t n = 0;

	while (n < MAPPINGS_MAX && p->mapping(p->ctx, (uint32_t)n, &m))
		n++;
	*nm = (struct naming){ .provider = p };
	nm->known = calloc(n + 1, sizeof(*nm->known));
	if (!nm->known)
		return -ENOMEM;
	for (; nm->n < n && p->mapping(p->ctx, (uint32_t)nm->n, &m); nm->n++)
		nm->known[nm->n] = (struct known){
			m.start, m.limit, (uint32_t)nm->n, false,
			true, true, true, true,
		};
	qsort(nm->known, nm->n, sizeof(*nm->known), by_start);
	return 0;
}

static struct known *known_at(const struct naming *nm, uint64_t pc)
{
	size_t low = 0, high = nm->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (pc >= nm->known[mid].limit)
			low = mid + 1;
		else if (pc < nm->known[mid].start)
			high = mid;
		else
			return &nm->known[mid];
	}
	return NULL;
}

static uint64_t mapping_of(void *ctx, uint64_t pc)
{
	const struct known *k = known_at(ctx, pc);

	return k ? k->index + 1 : 0;
}

size_t profile_frames(const struct serve_frame *f, size_t n,
		      struct pprof_frame *out, size_t max)
{
	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++)
		out[i] = (struct pprof_frame){
			.function = f[i].func,
			.system_name = f[i].linkage,
			.file = f[i].file,
			.start_line = f[i].start_line,
			.line = f[i].line,
		};
	return n;
}

static size_t frames_of(void *ctx, uint64_t pc, struct pprof_frame *out,
			size_t max)
{
	const struct naming *nm = ctx;
	const struct serve_frame *f;
	size_t n = nm->provider->frames(nm->provider->ctx, pc, &f);

	return profile_frames(f, n, out, max);
}

static void look_at(struct naming *nm, uint64_t pc)
{
	struct known *k = known_at(nm, pc);
	const struct serve_frame *f;
	size_t n;

	if (!k)
		return;
	n = nm->provider->frames(nm->provider->ctx, pc, &f);
	k->used = true;
	k->functions &= n > 0;
	k->files &= n > 0 && f[n - 1].file[0];
	k->lines &= n > 0 && f[n - 1].line;
	k->inlines &= n > 0 && f[n - 1].file[0];
}

static void look_at_all(struct naming *nm, const struct stacks *s)
{
	for (size_t id = 0; id < s->n; id++) {
		const uint64_t *pcs = stacks_pcs(s, id);

		for (uint32_t i = 0; s->stacks[id].count &&
				     i < s->stacks[id].n; i++)
			look_at(nm, serve_call(nm->provider, pcs[i], i));
	}
}

static const struct known *known_of(const struct naming *nm, uint32_t index)
{
	for (size_t i = 0; i < nm->n; i++)
		if (nm->known[i].index == index)
			return &nm->known[i];
	return NULL;
}

static void put_mappings(struct pprof_writer *w, const struct naming *nm)
{
	const struct provider *p = nm->provider;

	for (uint32_t i = 0; i < nm->n; i++) {
		const struct known *k = known_of(nm, i);
		struct serve_mapping m;

		if (!p->mapping(p->ctx, i, &m))
			break;
		pprof_mapping(w, &(struct pprof_mapping){
			.start = m.start,
			.limit = m.limit,
			.offset = m.offset,
			.file = m.file,
			.build_id = m.build_id,
			.has_functions = k->used && k->functions,
			.has_filenames = k->used && k->files,
			.has_line_numbers = k->used && k->lines,
			.has_inline_frames = k->used && k->inlines,
		});
	}
}

enum { LABELS_MAX = 64 };

/* How many of at most LABELS_MAX. */
static size_t labels_of(const struct stacks *s, size_t id,
			struct pprof_label *out)
{
	const char *at = stacks_labels(s, id);
	const char *end = at + s->stacks[id].labels_bytes;
	size_t n = 0;

	while (n < LABELS_MAX && at < end) {
		const char *value = at + strlen(at) + 1;

		out[n++] = (struct pprof_label){ .key = at, .str = value };
		at = value + strlen(value) + 1;
	}
	return n;
}

/* The stack as pprof_stack() wants it: the leaf exact.  In COPY, if it is
 * another than S has. */
static const uint64_t *with_leaf(const struct profile *p, size_t id,
				 uint64_t *copy)
{
	const uint64_t *pcs = stacks_pcs(p->stacks, id);
	size_t n = p->stacks->stacks[id].n;

	if (!p->provider->go || !n)
		return pcs;
	if (n > PPROF_DEPTH_MAX)
		n = PPROF_DEPTH_MAX;
	memcpy(copy, pcs, n * sizeof(*pcs));
	copy[0]--;
	return copy;
}

static void put_samples(struct pprof_writer *w, const struct profile *p,
			const struct naming *nm, const uint32_t *ids)
{
	const struct pprof_space space = {
		mapping_of, frames_of, (void *)(uintptr_t)nm,
	};
	const struct stacks *s = p->stacks;
	struct pprof_label labels[LABELS_MAX];
	uint64_t pcs[PPROF_DEPTH_MAX];

	for (size_t i = 0; i < s->n; i++) {
		const struct stack *st = &s->stacks[ids[i]];
		int64_t values[2] = { st->count * p->types[0].scale,
				      st->count * p->types[1].scale };

		if (st->count)
			pprof_stack(w, &space, with_leaf(p, ids[i], pcs),
				    st->n, values, p->n_types, labels,
				    labels_of(s, ids[i], labels));
	}
}

static int render(const struct profile *p, struct buf *out,
		  struct naming *nm)
{
	struct pprof_writer *w = pprof_writer_new(out);
	uint32_t *ids = stacks_sorted(p->stacks);
	int rc = -ENOMEM;

	if (!w || !ids)
		goto out;
	for (size_t i = 0; i < p->n_types; i++)
		pprof_sample_type(w, p->types[i].type, p->types[i].unit);
	pprof_period(w, p->period_type, p->period_unit, p->period);
	pprof_time(w, p->wall_ns, p->duration_ns);
	put_mappings(w, nm);
	put_samples(w, p, nm, ids);
	rc = pprof_finish(w);
out:
	free(ids);
	pprof_writer_free(w);
	return rc;
}

int profile_write(const struct profile *p, struct buf *out)
{
	struct buf raw = { .cap = out->cap };
	struct naming nm;
	int rc = naming_init(&nm, p->provider);

	if (rc)
		return rc;
	look_at_all(&nm, p->stacks);
	rc = render(p, &raw, &nm);
	if (!rc)
		rc = gzip_deflate(out, raw.data, raw.len);
	free(nm.known);
	buf_release(&raw);
	return rc;
}
