/*
 * Each goroutine has an entry of what it is sorted by, as one number that
 * grows: texts by their rank among those of the column, descending ones
 * turned around, unknown ones at the end.
 *
 * The entries are a quicksort that is never finished: a fence before place I
 * says that whatever is before I belongs there.  Asking for a place splits
 * the part it is in until it stands alone.  Pivots are random, so a target
 * cannot choose its ids to make that slow.
 *
 * Not chosen: sorting all of them (246 ms for a million, at every refresh,
 * every key), or a heap of the first K (moving to the end sorts all).
 */
#include "lib/snapshot/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/snapshot/filter.h"
#include "lib/snapshot/labels.h"
#include "lib/snapshot/match.h"
#include "lib/snapshot/where.h"

#define PART_MIN 24u            /* shorter parts are sorted at once */

struct entry {
	uint64_t key;           /* sorts first, then */
	uint64_t id;            /* the goroutine's, then */
	uint32_t row;           /* of the snapshot */
};

struct rows {
	const struct snapshot *snapshot;
	struct entry *at;
	uint32_t n;
	uint64_t *fences;       /* a bit for each place, and one behind */
	uint64_t random;
};

static bool before(const struct entry *a, const struct entry *b)
{
	if (a->key != b->key)
		return a->key < b->key;
	if (a->id != b->id)
		return a->id < b->id;
	return a->row < b->row;
}

static int by_entry(const void *a, const void *b)
{
	return before(b, a) - before(a, b);
}

/* Keys ----------------------------------------------------------------------*/

/* What makes the key of a row. */
struct keying {
	const struct snapshot *snapshot;
	struct row_order order;
	/* Of columns of texts only: */
	uint32_t *ranks;        /* of strings */
	uint32_t *where[2];     /* of stacks, and of those of who waits */
};

/* The string of ROW in the column, 0 for none. */
static uint32_t text_of(const struct keying *k, const struct snap_row *row)
{
	switch (k->order.by) {
	case ROW_REASON:
		return row->reason;
	case ROW_CREATED:
		return row->created_func;
	case ROW_LABELS:
		return row->labels;
	}
	return row->stack == SNAP_NONE ? 0 :
	       k->where[row->state == SNAP_WAITING][row->stack];
}

static int find_where(struct keying *k)
{
	static const unsigned int states[] = { SNAP_RUNNING, SNAP_WAITING };
	const struct snapshot *s = k->snapshot;

	for (int w = 0; w < 2; w++) {
		k->where[w] = calloc(s->stack_count + 1, sizeof(uint32_t));
		if (!k->where[w])
			return -ENOMEM;
		for (uint32_t i = 0; i < s->stack_count; i++)
			k->where[w][i] = where_func(s, i, states[w]);
	}
	return 0;
}

static int by_text(const void *a, const void *b, void *ctx)
{
	const uint32_t *x = a, *y = b;

	return strcmp(snapshot_string(ctx, *x), snapshot_string(ctx, *y));
}

/* Ranks the texts of the column, from 1 on. */
static int rank_texts(struct keying *k)
{
	const struct snapshot *s = k->snapshot;
	uint32_t count = strtab_count(&s->strings), n = 0;
	uint32_t *used = calloc(count, sizeof(*used));

	k->ranks = calloc(count, sizeof(*k->ranks));
	if (!used || !k->ranks) {
		free(used);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < s->row_count; i++) {
		uint32_t text = text_of(k, &s->rows[i]);

		if (text && !k->ranks[text]) {
			k->ranks[text] = 1;
			used[n++] = text;
		}
	}
	qsort_r(used, n, sizeof(*used), by_text, (void *)s);
	for (uint32_t i = 0; i < n; i++)
		k->ranks[used[i]] = i + 1;
	free(used);
	return 0;
}

static int keying_init(struct keying *k)
{
	int rc = 0;

	if (k->order.by == ROW_WHERE)
		rc = find_where(k);
	if (rc == 0 && k->order.by > ROW_STATE)
		rc = rank_texts(k);
	return rc;
}

static void keying_release(struct keying *k)
{
	free(k->ranks);
	free(k->where[0]);
	free(k->where[1]);
}

static uint64_t key_of(const struct keying *k, const struct snap_row *row)
{
	int64_t v;

	if (k->order.by == ROW_STATE)
		v = row->state ? row->state : SNAP_UNKNOWN;
	else if (k->order.by < ROW_NUMBERS)
		v = row->number[k->order.by];
	else
		v = (int64_t)k->ranks[text_of(k, row)] - 1;
	if (v < 0)
		return UINT64_MAX;
	return k->order.descending ? (uint64_t)(INT64_MAX - v) : (uint64_t)v;
}

/* Choosing ------------------------------------------------------------------*/

/* The stack of that hash, SNAP_NONE when the snapshot has none. */
static uint32_t stack_of(const struct snapshot *s, uint64_t hash)
{
	for (uint32_t i = 0; i < s->stack_count; i++)
		if (s->stacks[i].hash == hash)
			return i;
	return SNAP_NONE;
}

static bool is_wanted(const struct row_choice *which, uint32_t stack,
		      const struct snap_row *row)
{
	if (row->system && !which->system)
		return false;
	if (which->one_stack && (stack == SNAP_NONE || row->stack != stack))
		return false;
	return !which->filter || filter_row(which->filter, row);
}

static int fill(struct rows *r, const struct row_choice *which,
		const struct keying *k)
{
	const struct snapshot *s = r->snapshot;
	uint32_t stack = which->one_stack ? stack_of(s, which->stack) : 0;
	int rc = which->filter ? filter_begin(which->filter, s) : 0;

	for (uint32_t i = 0; rc == 0 && i < s->row_count; i++)
		if (is_wanted(which, stack, &s->rows[i]))
			r->at[r->n++] = (struct entry){
				key_of(k, &s->rows[i]),
				(uint64_t)s->rows[i].number[ROW_ID], i,
			};
	return rc;
}

static void fence(struct rows *r, uint32_t i)
{
	r->fences[i / 64] |= UINT64_C(1) << (i % 64);
}

int rows_new(struct rows **out, const struct snapshot *s,
	     const struct row_choice *which, struct row_order order)
{
	struct keying k = { .snapshot = s, .order = order };
	struct rows *r = calloc(1, sizeof(*r));
	int rc = -ENOMEM;

	if (!r)
		return rc;
	r->snapshot = s;
	r->random = hash_u64(s->row_count) | 1;
	r->at = calloc(s->row_count + 1, sizeof(*r->at));
	r->fences = calloc(s->row_count / 64 + 1, sizeof(*r->fences));
	if (!r->at || !r->fences)
		goto out;
	rc = keying_init(&k);
	if (rc == 0)
		rc = fill(r, which, &k);
	if (rc < 0)
		goto out;
	fence(r, 0);
	fence(r, r->n);
	*out = r;
	r = NULL;
out:
	keying_release(&k);
	rows_free(r);
	return rc;
}

void rows_free(struct rows *r)
{
	if (!r)
		return;
	free(r->at);
	free(r->fences);
	free(r);
}

uint32_t rows_count(const struct rows *r)
{
	return r->n;
}

/* Places --------------------------------------------------------------------*/

/* The last fence at I or before it; the first one behind it. */
static uint32_t fence_before(const struct rows *r, uint32_t i)
{
	uint64_t word = r->fences[i / 64] & (UINT64_MAX >> (63 - i % 64));

	for (i /= 64; word == 0; )
		word = r->fences[--i];
	return i * 64 + 63 - (uint32_t)__builtin_clzll(word);
}

static uint32_t fence_behind(const struct rows *r, uint32_t i)
{
	uint64_t word;

	i++;
	word = r->fences[i / 64] & (UINT64_MAX << (i % 64));
	for (i /= 64; word == 0; )
		word = r->fences[++i];
	return i * 64 + (uint32_t)__builtin_ctzll(word);
}

/* Splits [LO, HI), which has two at least: a fence comes between. */
static void split(struct rows *r, uint32_t lo, uint32_t hi)
{
	uint32_t i = lo, j = hi - 1;
	struct entry *v = r->at, pivot, t;

	/* Any but the last, so that none of both parts is empty. */
	r->random = hash_u64(r->random);
	pivot = v[lo + r->random % (hi - 1 - lo)];
	for (;;) {
		while (before(&v[i], &pivot))
			i++;
		while (before(&pivot, &v[j]))
			j--;
		if (i >= j)
			break;
		t = v[i];
		v[i++] = v[j];
		v[j--] = t;
	}
	fence(r, j + 1);
}

static const struct entry *entry_at(struct rows *r, uint32_t i)
{
	for (;;) {
		uint32_t lo = fence_before(r, i), hi = fence_behind(r, i);

		if (hi - lo == 1)
			return &r->at[i];
		if (hi - lo > PART_MIN) {
			split(r, lo, hi);
			continue;
		}
		qsort(r->at + lo, hi - lo, sizeof(*r->at), by_entry);
		while (++lo < hi)
			fence(r, lo);
	}
}

const struct snap_row *rows_at(struct rows *r, uint32_t i)
{
	return &r->snapshot->rows[entry_at(r, i)->row];
}

/* How many sort before E. */
static int64_t place_of(const struct rows *r, const struct entry *e)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < r->n; i++)
		n += before(&r->at[i], e);
	return n;
}

int64_t rows_find(const struct rows *r, int64_t id)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->at[i].id == (uint64_t)id)
			return place_of(r, &r->at[i]);
	return -1;
}

int64_t rows_find_row(const struct rows *r, uint32_t row)
{
	for (uint32_t i = 0; i < r->n; i++)
		if (r->at[i].row == row)
			return place_of(r, &r->at[i]);
	return -1;
}

/* The best of those that match: behind FROM, or of all. */
int64_t rows_search(struct rows *r, uint32_t from, const char *text)
{
	const struct entry *best = NULL, *first = NULL;
	struct entry begin;
	struct match m;

	if (r->n == 0)
		return -1;
	begin = *entry_at(r, from % r->n);
	if (match_init(&m, r->snapshot, text) < 0)
		goto out;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct entry *e = &r->at[i];

		if (!match_row(&m, &r->snapshot->rows[e->row]))
			continue;
		if (!first || before(e, first))
			first = e;
		if (!before(e, &begin) && (!best || before(e, best)))
			best = e;
	}
out:
	match_release(&m);
	best = best ? best : first;
	return best ? place_of(r, best) : -1;
}

/* Texts ---------------------------------------------------------------------*/

const char *row_reason(const struct snapshot *s, const struct snap_row *row)
{
	if (row->reason)
		return snapshot_string(s, row->reason);
	return snap_state_name(row->state);
}

void row_labels(const struct snapshot *s, const struct snap_row *row,
		struct buf *out)
{
	struct labels labels;

	labels_read(&labels, snapshot_string(s, row->labels));
	for (size_t i = 0; i < labels.n; i++)
		buf_printf(out, "%s%s=%s", i ? " " : "", labels.at[i].key,
			   labels.at[i].value);
	labels_release(&labels);
}
