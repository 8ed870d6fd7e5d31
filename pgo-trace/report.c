/*
 * A profile is added up into a graph: functions are its nodes, calls its
 * edges.  Nodes below the cutoff are taken out and all is added up again, for
 * then a call over a node taken out counts between its neighbours; the same
 * once more when only the first rows are wanted.  The edges serve to tell what
 * is always inlined.
 */
#include "pgo-trace/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/grow.h"
#include "lib/base/hash.h"
#include "pgo-trace/calls.h"
#include "pgo-trace/units.h"
#include "symbolizer/memo.h"

/* Frames of all samples, inlined ones too: seconds of work beyond. */
#define FRAMES_MAX (UINT64_C(1) << 28)

struct graph {
	const struct pprof *p;
	size_t type;                    /* index of the value */
	struct report_node *nodes;
	size_t n, room;
	struct hash by_key;
	uint32_t *of_line;              /* node of each line */
	uint32_t *of_location;          /* of each location without lines */
	struct calls calls;
	bool all;                       /* kept is not asked */
	int64_t edge_cutoff;
};

static int64_t magnitude(int64_t v)
{
	return v < 0 ? (int64_t)-(uint64_t)v : v;
}

static int64_t add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* Nodes. */

static bool same_node(const void *ctx, uint32_t id, const void *key)
{
	const struct report_node *a = &((const struct graph *)ctx)->nodes[id];
	const struct report_node *b = key;

	return a->start_line == b->start_line && !strcmp(a->name, b->name) &&
	       !strcmp(a->file, b->file);
}

static uint64_t hash_node(const struct report_node *n)
{
	uint64_t h = hash_bytes(n->name, strlen(n->name));

	h = hash_mix(h, hash_bytes(n->file, strlen(n->file)));
	return hash_mix(h, (uint64_t)n->start_line);
}

static int append_node(struct graph *g, const struct report_node *n)
{
	if (grow(&g->nodes, &g->room, g->n, sizeof(*g->nodes)) < 0)
		return -ENOMEM;
	g->nodes[g->n] = *n;
	return hash_add(&g->by_key, hash_node(n), (uint32_t)g->n++);
}

/* The node of FUNCTION, which may be PPROF_NONE, at location L. */
static int intern(struct graph *g, const struct pprof_location *l,
		  uint32_t function, uint32_t *out)
{
	const struct pprof_function *f = function == PPROF_NONE ? NULL :
					 &g->p->functions[function];
	struct report_node n = { .name = f ? f->name : "", .file = "" };
	int64_t id;
	int rc;

	if (!*n.name) {
		n.start_line = f ? f->start_line : 0;
		if (l->mapping != PPROF_NONE)
			n.file = g->p->mappings[l->mapping].file;
	}
	id = hash_find(&g->by_key, hash_node(&n), same_node, g, &n);
	if (id < 0) {
		id = (int64_t)g->n;
		rc = append_node(g, &n);
		if (rc < 0)
			return rc;
	}
	*out = (uint32_t)id;
	return 0;
}

static int make_nodes(struct graph *g)
{
	const struct pprof *p = g->p;
	int rc = 0;

	g->of_line = calloc(p->n_lines + 1, sizeof(*g->of_line));
	g->of_location = calloc(p->n_locations + 1, sizeof(*g->of_location));
	if (!g->of_line || !g->of_location)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_locations && rc == 0; i++) {
		const struct pprof_location *l = &p->locations[i];

		if (!l->n_lines)
			rc = intern(g, l, PPROF_NONE, &g->of_location[i]);
		for (uint32_t k = l->line; k < l->line + l->n_lines && rc == 0;
		     k++)
			rc = intern(g, l, p->lines[k].function, &g->of_line[k]);
	}
	return rc;
}

/* Sums. */

/* Where the walk of a sample's stack is, root first. */
struct walk {
	uint32_t sample;        /* its number + 1 */
	int64_t value;
	int64_t parent;         /* node, or -1 */
	bool gap;               /* a node taken out since PARENT */
};

static int step(struct graph *g, struct walk *w, uint32_t id, bool inlined)
{
	struct report_node *n = &g->nodes[id];
	int rc = 0;

	if (!g->all && !n->kept) {
		w->gap = true;
		return 0;
	}
	if (n->seen != w->sample) {
		n->seen = w->sample;
		n->cum = add(n->cum, w->value);
	}
	if (w->parent >= 0 && w->parent != id)
		rc = calls_add(&g->calls, (uint32_t)w->parent, id, w->value,
			       inlined, w->sample);
	w->parent = id;
	w->gap = false;
	return rc;
}

static int add_sample(struct graph *g, size_t i)
{
	const struct pprof *p = g->p;
	const struct pprof_sample *s = &p->samples[i];
	struct walk w = { .sample = (uint32_t)i + 1, .parent = -1 };
	int rc = 0;

	w.value = p->values[i * p->n_types + g->type];
	if (w.value == 0)
		return 0;
	for (uint32_t k = s->n_stack; k-- > 0 && rc == 0; ) {
		uint32_t at = p->stack[s->stack + k];
		const struct pprof_location *l = &p->locations[at];

		if (!l->n_lines)
			rc = step(g, &w, g->of_location[at], false);
		for (uint32_t n = l->n_lines; n-- > 0 && rc == 0; )
			rc = step(g, &w, g->of_line[l->line + n],
				  n + 1 != l->n_lines);
	}
	if (w.parent >= 0 && !w.gap)
		g->nodes[w.parent].flat = add(g->nodes[w.parent].flat, w.value);
	return rc;
}

static int add_up(struct graph *g)
{
	int rc = 0;

	calls_clear(&g->calls);
	for (size_t i = 0; i < g->n; i++) {
		g->nodes[i].flat = g->nodes[i].cum = 0;
		g->nodes[i].seen = 0;
	}
	for (size_t i = 0; i < g->p->n_samples && rc == 0; i++)
		rc = add_sample(g, i);
	return rc;
}

/* Hostile: many samples of one location with very many inlined frames. */
static bool is_too_large(const struct pprof *p)
{
	uint64_t frames = 0;

	for (size_t i = 0; i < p->n_stack; i++)
		frames += p->locations[p->stack[i]].n_lines + UINT64_C(1);
	return frames > FRAMES_MAX;
}

/* Selection. */

static bool is_empty(const struct report_node *n)
{
	return n->flat == 0 && n->cum == 0;
}

static bool is_shown(const struct graph *g, const struct report_node *n)
{
	return !is_empty(n) && (g->all || n->kept);
}

/* Takes out what is below 0.5 %.  0 or -E. */
static int drop_light(struct graph *g, struct report *r)
{
	int64_t sum = 0, cutoff;

	for (size_t i = 0; i < g->n; i++)
		sum = add(sum, g->nodes[i].flat);
	cutoff = magnitude((int64_t)((double)sum * REPORT_NODE_FRACTION));
	g->edge_cutoff = magnitude((int64_t)((double)sum *
					     REPORT_EDGE_FRACTION));
	for (size_t i = 0; i < g->n; i++) {
		struct report_node *n = &g->nodes[i];

		n->kept = !is_empty(n) && magnitude(n->cum) >= cutoff;
		r->dropped += !is_empty(n) && !n->kept;
	}
	if (!r->dropped)
		return 0;
	g->all = false;
	return add_up(g);
}

const char *report_node_name(const struct report_node *n, char *out,
			     size_t bytes)
{
	const char *base = strrchr(n->file, '/');
	struct memo names = { 0 };

	if (*n->name)
		snprintf(out, bytes, "%s", memo_demangle(&names, n->name));
	else if (*n->file)
		snprintf(out, bytes, "[%s]", base ? base + 1 : n->file);
	else
		snprintf(out, bytes, "<unknown>");
	memo_release(&names);
	return out;
}

static int compare_names(const struct report_node *a,
			 const struct report_node *b)
{
	char left[4096], right[4096];
	int rc;

	if (*a->name && *b->name)
		return strcmp(a->name, b->name);
	rc = strcmp(report_node_name(a, left, sizeof(left)),
		    report_node_name(b, right, sizeof(right)));
	return rc ? rc : strcmp(a->file, b->file);
}

static int compare(int64_t first_a, int64_t first_b,
		   const struct report_node *a, const struct report_node *b,
		   int64_t last_a, int64_t last_b)
{
	int names;

	if (magnitude(first_a) != magnitude(first_b))
		return magnitude(first_a) > magnitude(first_b) ? -1 : 1;
	names = compare_names(a, b);
	if (names)
		return names;
	if (magnitude(last_a) != magnitude(last_b))
		return magnitude(last_a) > magnitude(last_b) ? -1 : 1;
	return a->start_line < b->start_line ? -1 :
	       a->start_line > b->start_line;
}

static int by_flat(const void *pa, const void *pb)
{
	const struct report_node *a = pa, *b = pb;

	return compare(a->flat, b->flat, a, b, a->cum, b->cum);
}

static int by_cum(const void *pa, const void *pb)
{
	const struct report_node *a = pa, *b = pb;

	return compare(a->cum, b->cum, a, b, a->flat, b->flat);
}

/* Whether N is called by itself, inlined, or both; calls too light apart. */
static void mark_inlined(struct graph *g)
{
	uint8_t *seen = calloc(g->n + 1, 1);

	for (size_t i = 0; seen && i < g->calls.n; i++) {
		const struct call *c = &g->calls.calls[i];

		if (magnitude(c->weight) >= g->edge_cutoff)
			seen[c->to] |= c->inlined ? 1 : 2;
	}
	for (size_t i = 0; seen && i < g->n; i++)
		g->nodes[i].inlined = seen[i] == 1 ? REPORT_INLINED :
				      seen[i] == 3 ? REPORT_PARTLY_INLINED :
				      REPORT_CALLED;
	free(seen);
}

/* A sorted copy of what is shown. */
static int copy_rows(const struct graph *g, struct report *r, bool cum)
{
	free(r->nodes);
	r->n = 0;
	r->nodes = calloc(g->n + 1, sizeof(*r->nodes));
	if (!r->nodes)
		return -ENOMEM;
	for (size_t i = 0; i < g->n; i++)
		if (is_shown(g, &g->nodes[i]))
			r->nodes[r->n++] = g->nodes[i];
	qsort(r->nodes, r->n, sizeof(*r->nodes), cum ? by_cum : by_flat);
	return 0;
}

/* Leaves the first ROWS rows, and adds up again for their calls. */
static int cut_rows(struct graph *g, struct report *r, size_t rows)
{
	for (size_t i = 0; i < g->n; i++)
		g->nodes[i].kept = false;
	for (size_t i = 0; i < rows; i++) {
		int64_t id = hash_find(&g->by_key, hash_node(&r->nodes[i]),
				       same_node, g, &r->nodes[i]);

		g->nodes[id].kept = true;
	}
	g->all = false;
	return add_up(g);
}

/* Units. */

/* The unit in which the smallest value still shows. */
static void choose_unit(struct report *r)
{
	int64_t least = 0, most = r->total;
	const char *small, *large;
	double ignored;

	for (size_t i = 0; i < r->n; i++) {
		int64_t v = magnitude(r->nodes[i].flat);

		if (v == 0)
			v = magnitude(r->nodes[i].cum);
		if (v > 0 && (least == 0 || v < least))
			least = v;
	}
	if (least == 0)
		least = most;
	small = unit_scale(least, r->unit, "minimum", &ignored);
	large = unit_scale(most, r->unit, "minimum", &ignored);
	if (strcmp(small, large) && least < most / 100 + (most % 100 != 0))
		small = unit_scale(least * 100, r->unit, "minimum", &ignored);
	r->out_unit = r->n == 0 ? "minimum" : *small ? small : r->unit;
}

static int find_type(const struct pprof *p, const char *name, size_t *out)
{
	const char *want = name ? name : p->default_type;
	char *end;
	unsigned long i;

	*out = p->n_types - 1;
	if (!*want)
		return p->n_types ? 0 : -EINVAL;
	i = strtoul(want, &end, 10);
	if (name && !*end && i < p->n_types) {
		*out = i;
		return 0;
	}
	for (i = 0; i < p->n_types; i++) {
		if (!strcmp(p->types[i].type, want)) {
			*out = i;
			return 0;
		}
	}
	return name ? -EINVAL : 0;
}

static int64_t total_of(const struct pprof *p, size_t type)
{
	int64_t total = 0;

	for (size_t i = 0; i < p->n_samples; i++)
		total = add(total, magnitude(p->values[i * p->n_types + type]));
	return total;
}

static int fill(struct graph *g, struct report *r,
		const struct report_options *o)
{
	int rc = make_nodes(g);

	if (rc == 0)
		rc = add_up(g);
	if (rc == 0)
		rc = drop_light(g, r);
	if (rc == 0)
		rc = copy_rows(g, r, o->by_cum);
	r->candidates = r->n;
	if (rc == 0 && o->rows && r->n > o->rows)
		rc = cut_rows(g, r, o->rows);
	if (rc < 0)
		return rc;
	mark_inlined(g);
	return copy_rows(g, r, o->by_cum);
}

static void graph_release(struct graph *g)
{
	free(g->nodes);
	free(g->of_line);
	free(g->of_location);
	hash_release(&g->by_key);
	calls_release(&g->calls);
}

int report_make(struct report *r, const struct pprof *p,
		const struct report_options *o, struct err *e)
{
	struct graph g = { .p = p, .all = true };
	int rc;

	*r = (struct report){ 0 };
	if (find_type(p, o->type, &g.type) < 0)
		return err_say(e, -EINVAL, "no sample type %.60s",
			       o->type ? o->type : "at all");
	if (is_too_large(p))
		return err_say(e, -EFBIG, "more than %llu frames",
			       (unsigned long long)FRAMES_MAX);
	r->type = p->types[g.type].type;
	r->unit = p->types[g.type].unit;
	r->total = total_of(p, g.type);
	rc = fill(&g, r, o);
	graph_release(&g);
	if (rc < 0) {
		report_release(r);
		return err_set(e, rc, "report");
	}
	for (size_t i = 0; i < r->n; i++)
		r->shown = add(r->shown, r->nodes[i].flat);
	choose_unit(r);
	return 0;
}

void report_release(struct report *r)
{
	free(r->nodes);
	*r = (struct report){ 0 };
}
