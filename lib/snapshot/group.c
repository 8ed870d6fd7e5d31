/*
 * Folding touches each row twice: once to find its group, once, with the
 * others of its group, to look at its wait; the median is selected in linear
 * time.  Groups are found by numbers (stack, state, reason): the texts were
 * folded when the snapshot was filled.
 */
#include "lib/snapshot/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"
#include "lib/snapshot/filter.h"
#include "lib/snapshot/match.h"
#include "lib/snapshot/where.h"

static uint64_t hash_text(const char *s)
{
	return hash_bytes(s, strlen(s));
}

static uint64_t key_of(const struct snapshot *s, uint32_t stack,
		       unsigned int state, uint32_t reason)
{
	uint64_t hash = stack == SNAP_NONE ? 0 : s->stacks[stack].hash;

	return hash_mix(hash_mix(hash, state),
			hash_text(snapshot_string(s, reason)));
}

static bool same(const void *ctx, uint32_t id, const void *key)
{
	const struct groups *g = ctx;
	const struct snap_row *row = key;
	const struct group *one = &g->at[id];

	return one->stack == row->stack && one->state == row->state &&
	       one->reason == row->reason;
}

/* The group of ROW, made when it is the first. */
static int64_t group_of(struct groups *g, struct hash *known, size_t *room,
			const struct snap_row *row)
{
	uint64_t hash = hash_mix(hash_mix(row->stack, row->state),
				 row->reason);
	int64_t found = hash_find(known, hash, same, g, row);

	if (found >= 0)
		return found;
	if (grow(&g->at, room, g->n, sizeof(*g->at)) < 0 ||
	    hash_add(known, hash, g->n) < 0)
		return -ENOMEM;
	g->at[g->n] = (struct group){
		.key = key_of(g->snapshot, row->stack, row->state,
			      row->reason),
		.number = { 0, SNAP_UNKNOWN, SNAP_UNKNOWN, SNAP_UNKNOWN,
			    SNAP_UNKNOWN },
		.stack = row->stack,
		.reason = row->reason,
		.state = row->state,
		.system = true,         /* until one is none */
	};
	return g->n++;
}

static void count_row(struct groups *g, struct group *one,
		      const struct snap_row *row)
{
	int64_t bytes = row->number[ROW_STACK_BYTES];
	int64_t *sum = &one->number[GROUP_STACK_BYTES];

	one->number[GROUP_COUNT]++;
	one->at_least |= row->at_least;
	g->at_least |= row->at_least;
	one->system &= row->system;
	g->goroutines++;
	g->system += row->system;
	g->states[row->state]++;
	if (bytes == SNAP_UNKNOWN)
		return;
	if (*sum == SNAP_UNKNOWN)
		*sum = 0;
	/* A hostile target must not make a sum wrap. */
	if (__builtin_add_overflow(*sum, bytes, sum))
		*sum = INT64_MAX;
}

/* Medians -------------------------------------------------------------------*/

static int64_t select_nth(int64_t *v, size_t n, size_t nth)
{
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		int64_t pivot = v[lo + (hi - lo) / 2], t;
		size_t i = lo, j = hi;

		for (;;) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i >= j)
				break;
			t = v[i];
			v[i++] = v[j];
			v[j--] = t;
		}
		if (nth <= j)
			hi = j;
		else
			lo = j + 1;
	}
	return v[nth];
}

static void waits_of(struct group *one, int64_t *v, uint32_t n)
{
	int64_t most = SNAP_UNKNOWN;

	for (uint32_t i = 0; i < n; i++)
		most = v[i] > most ? v[i] : most;
	one->number[GROUP_WAIT_MAX] = most;
	if (n)
		one->number[GROUP_WAIT_P50] = select_nth(v, n, (n - 1) / 2);
}

/* OF is the group of each row. */
static int lay_rows(struct groups *g, const uint32_t *of)
{
	uint32_t n = g->snapshot->row_count, first = 0;
	uint32_t *fill = calloc(g->n + 1, sizeof(*fill));

	g->rows = calloc(n + 1, sizeof(*g->rows));
	if (!g->rows || !fill) {
		free(fill);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < g->n; i++) {
		g->at[i].first = first;
		first += (uint32_t)g->at[i].number[GROUP_COUNT];
	}
	for (uint32_t i = 0; i < n; i++)
		g->rows[g->at[of[i]].first + fill[of[i]]++] = i;
	free(fill);
	return 0;
}

static int find_waits(struct groups *g)
{
	const struct snapshot *s = g->snapshot;
	int64_t *waits = calloc(s->row_count + 1, sizeof(*waits));

	if (!waits)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n; i++) {
		struct group *one = &g->at[i];
		const uint32_t *rows = g->rows + one->first;
		uint32_t n = 0;

		for (uint32_t k = 0; k < one->number[GROUP_COUNT]; k++) {
			waits[n] = s->rows[rows[k]].number[ROW_SINCE];
			n += waits[n] != SNAP_UNKNOWN;
		}
		waits_of(one, waits, n);
	}
	free(waits);
	return 0;
}

/* Reasons -------------------------------------------------------------------*/

static int by_reason(const void *a, const void *b)
{
	const struct reason_count *x = a, *y = b;

	return (x->reason > y->reason) - (x->reason < y->reason);
}

static int by_count(const void *a, const void *b)
{
	const struct reason_count *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_reason(a, b);
}

static int count_reasons(struct groups *g)
{
	struct reason_count *at = calloc(g->n + 1, sizeof(*at));
	uint32_t n = 0, kept = 0;

	if (!at)
		return -ENOMEM;
	for (uint32_t i = 0; i < g->n; i++)
		if (g->at[i].reason)
			at[n++] = (struct reason_count){
				g->at[i].reason, g->at[i].number[GROUP_COUNT],
			};
	qsort(at, n, sizeof(*at), by_reason);
	for (uint32_t i = 0; i < n; i++) {
		if (kept && at[kept - 1].reason == at[i].reason)
			at[kept - 1].count += at[i].count;
		else
			at[kept++] = at[i];
	}
	qsort(at, kept, sizeof(*at), by_count);
	g->reasons = at;
	g->reason_count = kept;
	return 0;
}

/* ---------------------------------------------------------------------------*/

int groups_init(struct groups *g, const struct snapshot *s)
{
	uint32_t *of = calloc(s->row_count + 1, sizeof(*of));
	struct hash known = { 0 };
	size_t room = 0;
	int64_t id;
	int rc = -ENOMEM;

	*g = (struct groups){ .snapshot = s };
	if (!of)
		return -ENOMEM;
	for (uint32_t i = 0; i < s->row_count; i++) {
		id = group_of(g, &known, &room, &s->rows[i]);
		if (id < 0)
			goto out;
		of[i] = (uint32_t)id;
		count_row(g, &g->at[id], &s->rows[i]);
	}
	rc = lay_rows(g, of);
	if (rc == 0)
		rc = find_waits(g);
	if (rc == 0)
		rc = count_reasons(g);
out:
	hash_release(&known);
	free(of);
	return rc;
}

static int by_key(const void *a, const void *b)
{
	const struct group *const *x = a, *const *y = b;

	return ((*x)->key > (*y)->key) - ((*x)->key < (*y)->key);
}

/* Pointers to all groups, by key; NULL without memory or groups. */
static const struct group **index_by_key(const struct groups *g)
{
	const struct group **index = calloc(g->n + 1, sizeof(*index));

	if (!index)
		return NULL;
	for (uint32_t i = 0; i < g->n; i++)
		index[i] = &g->at[i];
	qsort(index, g->n, sizeof(*index), by_key);
	return index;
}

/* Whether two groups have the same key, which sorting puts side by side. */
static bool any_twice(const struct groups *g)
{
	const struct group **index = index_by_key(g);
	bool twice = false;

	for (uint32_t i = 1; index && i < g->n; i++)
		twice |= index[i]->key == index[i - 1]->key;
	free(index);
	return twice;
}

int groups_init_folded(struct groups *g, const struct snapshot *s,
		       const struct group *at, uint32_t n)
{
	*g = (struct groups){ .snapshot = s, .n = n };
	g->at = calloc(n + 1, sizeof(*g->at));
	if (!g->at) {
		g->n = 0;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		g->at[i] = at[i];
		g->at[i].key = key_of(s, at[i].stack, at[i].state,
				      at[i].reason);
		g->states[at[i].state] += at[i].number[GROUP_COUNT];
		g->goroutines += at[i].number[GROUP_COUNT];
	}
	return any_twice(g) ? -EEXIST : count_reasons(g);
}

void groups_release(struct groups *g)
{
	free(g->at);
	free(g->rows);
	free(g->reasons);
	*g = (struct groups){ 0 };
}

/* Rates ---------------------------------------------------------------------*/

void groups_rate(struct groups *g, const struct groups *before)
{
	int64_t ns = g->snapshot->mono_ns - before->snapshot->mono_ns;
	const struct group **index;

	if (ns <= 0)
		return;
	index = index_by_key(before);
	if (!index)
		return;
	for (uint32_t i = 0; i < g->n; i++) {
		const struct group *key = &g->at[i], **was;
		int64_t change = g->at[i].number[GROUP_COUNT];

		was = bsearch(&key, index, before->n, sizeof(*index), by_key);
		if (was)
			change -= (*was)->number[GROUP_COUNT];
		g->at[i].number[GROUP_RATE] =
			(int64_t)((double)change * 1e12 / (double)ns);
		g->at[i].rated = true;
	}
	free(index);
}

/* Texts ---------------------------------------------------------------------*/

int64_t groups_in_state(const struct groups *g, unsigned int state)
{
	if (g->states[state] == 0 && g->states[SNAP_STATE_UNKNOWN])
		return SNAP_UNKNOWN;
	return g->states[state];
}

const char *group_reason(const struct groups *g, const struct group *one)
{
	if (one->reason)
		return snapshot_string(g->snapshot, one->reason);
	return snap_state_name(one->state);
}

/* Sorting -------------------------------------------------------------------*/

struct sorting {
	const struct groups *g;
	struct group_order order;
};

/* Where a stack stands, by the function shown first. */
static const char *where_text(const struct groups *g, const struct group *one)
{
	return snapshot_string(g->snapshot, where_func(g->snapshot, one->stack,
						       one->state));
}

static bool is_known(const struct group *one, enum group_field by)
{
	if (by == GROUP_RATE)
		return one->rated;
	return by >= GROUP_NUMBERS || one->number[by] != SNAP_UNKNOWN;
}

static int compare_field(const struct sorting *how, const struct group *a,
			 const struct group *b)
{
	enum group_field by = how->order.by;

	if (by == GROUP_REASON)
		return strcmp(group_reason(how->g, a), group_reason(how->g, b));
	if (by == GROUP_WHERE)
		return strcmp(where_text(how->g, a), where_text(how->g, b));
	return (a->number[by] > b->number[by]) -
	       (a->number[by] < b->number[by]);
}

static int compare(const void *x, const void *y, void *ctx)
{
	const struct sorting *how = ctx;
	const struct group *a = x, *b = y;
	bool a_known = is_known(a, how->order.by);
	bool b_known = is_known(b, how->order.by);
	int c;

	if (a_known != b_known)
		return a_known ? -1 : 1;
	c = a_known ? compare_field(how, a, b) : 0;
	if (c)
		return how->order.descending ? -c : c;
	c = (a->number[GROUP_COUNT] < b->number[GROUP_COUNT]) -
	    (a->number[GROUP_COUNT] > b->number[GROUP_COUNT]);
	return c ? c : (a->key > b->key) - (a->key < b->key);
}

/* A heap of the TOP best at the front, the worst of them on top. */
static void sift_down(struct group *at, uint32_t n, struct sorting *how)
{
	uint32_t i = 0, child;
	struct group t;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n &&
		    compare(&at[child + 1], &at[child], how) > 0)
			child++;
		if (compare(&at[i], &at[child], how) >= 0)
			return;
		t = at[i];
		at[i] = at[child];
		at[child] = t;
		i = child;
	}
}

void groups_sort(struct groups *g, struct group_order order, uint32_t top)
{
	struct sorting how = { g, order };
	struct group t;

	if (g->n == 0 || top == 0)
		return;
	if (top >= g->n) {
		qsort_r(g->at, g->n, sizeof(*g->at), compare, &how);
		return;
	}
	/* Worst first is a heap already. */
	qsort_r(g->at, top, sizeof(*g->at), compare, &how);
	for (uint32_t i = 0; i < top / 2; i++) {
		t = g->at[i];
		g->at[i] = g->at[top - 1 - i];
		g->at[top - 1 - i] = t;
	}
	for (uint32_t i = top; i < g->n; i++) {
		if (compare(&g->at[i], &g->at[0], &how) >= 0)
			continue;
		t = g->at[i];
		g->at[i] = g->at[0];
		g->at[0] = t;
		sift_down(g->at, top, &how);
	}
	qsort_r(g->at, top, sizeof(*g->at), compare, &how);
}

/* Filtering -----------------------------------------------------------------*/

static bool passes(const uint64_t *bits, uint32_t row)
{
	return bits[row / 64] >> (row % 64) & 1;
}

/* Leaves in ONE those of its goroutines whose bit is set. */
static void narrow(const struct groups *all, struct group *one,
		   const uint64_t *bits, int64_t *waits)
{
	const struct snapshot *s = all->snapshot;
	const uint32_t *rows = all->rows + one->first;
	uint32_t count = (uint32_t)one->number[GROUP_COUNT], left = 0, n = 0;
	struct groups counted = { .snapshot = s };

	for (uint32_t i = 0; i < count; i++)
		left += passes(bits, rows[i]);
	if (left == count)
		return;
	one->number[GROUP_COUNT] = 0;
	one->number[GROUP_RATE] = SNAP_UNKNOWN;
	one->number[GROUP_STACK_BYTES] = SNAP_UNKNOWN;
	one->number[GROUP_WAIT_P50] = SNAP_UNKNOWN;
	one->rated = false;
	for (uint32_t i = 0; left && i < count; i++) {
		if (!passes(bits, rows[i]))
			continue;
		count_row(&counted, one, &s->rows[rows[i]]);
		waits[n] = s->rows[rows[i]].number[ROW_SINCE];
		n += waits[n] != SNAP_UNKNOWN;
	}
	waits_of(one, waits, n);
}

/* Rows are asked in their order in memory; a group's are all over it. */
static int narrow_all(struct groups *g, const struct groups *all,
		      struct filter *filter)
{
	const struct snapshot *s = all->snapshot;
	int64_t *waits = calloc(s->row_count + 1, sizeof(*waits));
	uint64_t *bits = calloc(s->row_count / 64 + 1, sizeof(*bits));
	uint32_t kept = 0;
	int rc = waits && bits ? filter_begin(filter, s) : -ENOMEM;

	/* Who passes of those nobody has seen is not known. */
	if (!all->rows)
		g->n = 0;

	for (uint32_t i = 0; rc == 0 && i < s->row_count; i++)
		if (filter_row(filter, &s->rows[i]))
			bits[i / 64] |= UINT64_C(1) << (i % 64);
	for (uint32_t i = 0; rc == 0 && i < g->n; i++) {
		narrow(all, &g->at[i], bits, waits);
		if (g->at[i].number[GROUP_COUNT])
			g->at[kept++] = g->at[i];
	}
	g->n = kept;
	free(waits);
	free(bits);
	return rc;
}

int groups_narrow(struct groups *g, const struct groups *all,
		  struct filter *filter, bool system)
{
	*g = *all;
	g->n = 0;
	g->at = calloc(all->n + 1, sizeof(*g->at));
	if (!g->at)
		return -ENOMEM;
	for (uint32_t i = 0; i < all->n; i++)
		if (system || !all->at[i].system)
			g->at[g->n++] = all->at[i];
	return filter ? narrow_all(g, all, filter) : 0;
}

int64_t groups_search(const struct groups *g, uint32_t from, const char *text)
{
	int64_t found = -1;
	struct match m;

	if (match_init(&m, g->snapshot, text) < 0)
		goto out;
	for (uint32_t i = 0; i < g->n && found < 0; i++) {
		uint32_t at = (from + i) % g->n;
		const struct group *one = &g->at[at];

		if (match_standing(&m, one->state, one->reason, one->stack))
			found = at;
	}
out:
	match_release(&m);
	return found;
}
