/*
 * Nested ranges, cut into segments by one sweep.
 *
 * Sorted by start, the outer one first, the ranges open at a point form a
 * stack.  In a sane file they nest; where a hostile one has them overlap, the
 * inner is cut at the end of the outer, so the stack stays a stack.
 */
#include "symbolizer/segs.h"

#include <stdlib.h>

#include "lib/base/grow.h"

#define OPEN_MAX 1024           /* ranges around one address */

int segs_add(struct segs *s, uint64_t lo, uint64_t hi, uint32_t id,
	     uint32_t depth)
{
	if (lo >= hi)
		return 0;
	if (grow(&s->ranges, &s->ranges_room, s->nranges, sizeof(*s->ranges)))
		return -ENOMEM;
	s->ranges[s->nranges++] = (struct range){ lo, hi, id, depth };
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->hi != y->hi)
		return x->hi > y->hi ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* From START on it is ID's. */
static int put_seg(struct segs *s, uint64_t start, uint32_t id)
{
	struct seg *last = s->n ? &s->segs[s->n - 1] : NULL;

	if (last && last->start == start) {
		last->id = id;
		return 0;
	}
	if (last && last->id == id)
		return 0;
	if (grow(&s->segs, &s->room, s->n, sizeof(*s->segs)))
		return -ENOMEM;
	s->segs[s->n++] = (struct seg){ start, id };
	return 0;
}

/* Closes the ranges of OPEN that end by ADDR. */
static int close_until(struct segs *s, const struct range *open, size_t *n,
		       uint64_t addr)
{
	int rc = 0;

	while (!rc && *n && open[*n - 1].hi <= addr) {
		--*n;
		rc = put_seg(s, open[*n].hi, *n ? open[*n - 1].id : 0);
	}
	return rc;
}

static int sweep(struct segs *s, struct range *open)
{
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; !rc && i < s->nranges; i++) {
		struct range r = s->ranges[i];

		rc = close_until(s, open, &n, r.lo);
		if (rc || n == OPEN_MAX)
			continue;
		if (n && open[n - 1].hi < r.hi)
			r.hi = open[n - 1].hi;
		open[n++] = r;
		rc = put_seg(s, r.lo, r.id);
	}
	return rc ? rc : close_until(s, open, &n, UINT64_MAX);
}

int segs_finish(struct segs *s)
{
	struct range *open = malloc(OPEN_MAX * sizeof(*open));
	int rc = -ENOMEM;

	if (s->nranges)
		qsort(s->ranges, s->nranges, sizeof(*s->ranges), by_start);
	if (open)
		rc = sweep(s, open);
	free(open);
	free(s->ranges);
	s->ranges = NULL;
	s->nranges = s->ranges_room = 0;
	return rc;
}

uint32_t segs_find(const struct segs *s, uint64_t addr)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->segs[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? s->segs[lo - 1].id : 0;
}

void segs_release(struct segs *s)
{
	free(s->ranges);
	free(s->segs);
	*s = (struct segs){ 0 };
}
