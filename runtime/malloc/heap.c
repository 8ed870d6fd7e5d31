/*
 * Free spans lie in bins by their length, those that cost memory (dirty) apart
 * from those that cost none (fresh), which are zero too.  Neighbours of one
 * sort are made one; a fresh and a dirty one stay two, or it would be forgotten
 * which pages the kernel has.  Dirty ones are used first: their pages are there
 * already.
 *
 * What was freed is kept dirty up to a sixteenth of what is used and 4 MiB;
 * who frees more gives the rest back at once, largest span first, and sysmon
 * gives back what then is left by and by (scavenge.c).  MADV_DONTNEED, not
 * MADV_FREE: pages that are only promised still count as used, in every figure
 * a user looks at, until the machine is short of memory.
 */
#include "runtime/malloc/heap.h"

#include "runtime/sys.h"

enum {
	EXACT_BINS = 64,
	EXACT_SHIFT = 6,
	LOOKED_AT = 32,         /* spans of a bin of many lengths */
	KEPT_BYTES = 4 << 20,
	KEPT_PART = 16,
};

struct heap heap;

static unsigned bin_of(size_t n)
{
	if (n < EXACT_BINS)
		return (unsigned)n;
	return EXACT_BINS + 63 - (unsigned)__builtin_clzl(n) - EXACT_SHIFT;
}

static void bin_add(struct span *s)
{
	unsigned bin = bin_of(s->pages);
	struct span **head = &heap.bins[s->fresh][bin];

	s->kind = SPAN_FREE;
	s->prev = NULL;
	s->next = *head;
	if (s->next)
		s->next->prev = s;
	*head = s;
	heap.filled[s->fresh][bin / 64] |= 1ULL << bin % 64;
	heap.free[s->fresh] += s->pages;
	span_set_ends(s);
}

static void bin_remove(struct span *s)
{
	unsigned bin = bin_of(s->pages);
	struct span **head = &heap.bins[s->fresh][bin];

	if (s->prev)
		s->prev->next = s->next;
	else
		*head = s->next;
	if (s->next)
		s->next->prev = s->prev;
	if (!*head)
		heap.filled[s->fresh][bin / 64] &= ~(1ULL << bin % 64);
	heap.free[s->fresh] -= s->pages;
}

/* The first bin from BIN on that has spans; HEAP_BINS when there is none. */
static unsigned next_filled(bool fresh, unsigned bin)
{
	for (unsigned word = bin / 64; word < 2; word++) {
		uint64_t bits = heap.filled[fresh][word];

		if (word == bin / 64)
			bits &= ~0ULL << bin % 64;
		if (bits)
			return word * 64 + (unsigned)__builtin_ctzl(bits);
	}
	return HEAP_BINS;
}

static struct span *smallest_of(struct span *s, size_t n)
{
	struct span *best = NULL;

	for (int i = 0; s && i < LOOKED_AT; s = s->next, i++)
		if (s->pages >= n && (!best || s->pages < best->pages))
			best = s;
	return best;
}

static struct span *find(bool fresh, size_t n)
{
	unsigned bin = bin_of(n);
	struct span *s = NULL;

	while (!s && (bin = next_filled(fresh, bin)) < HEAP_BINS)
		s = smallest_of(heap.bins[fresh][bin++], n);
	return s;
}

/* S, which is on no bin, with its free neighbours of the same sort. */
static struct span *joined(struct span *s)
{
	size_t first = page_of(s->start);
	struct span *o;

	o = pages.spans + row_at(first - 1)->span;
	if (o->kind == SPAN_FREE && o->fresh == s->fresh &&
	    o->start + o->pages * PAGE_BYTES == s->start) {
		bin_remove(o);
		o->pages += s->pages;
		span_free(s);
		s = o;
	}
	first = page_of(s->start) + s->pages;
	if (first >= pages.pages)
		return s;
	o = pages.spans + row_at(first)->span;
	if (o->kind == SPAN_FREE && o->fresh == s->fresh &&
	    o->start == s->start + s->pages * PAGE_BYTES) {
		bin_remove(o);
		s->pages += o->pages;
		span_free(o);
	}
	return s;
}

/* What of S is behind its first N pages becomes a span of its own; NULL when
 * there is no record for it. */
static struct span *cut(struct span *s, size_t n)
{
	struct span *rest = span_new();

	if (!rest)
		return NULL;
	*rest = (struct span){ .start = s->start + n * PAGE_BYTES,
			       .pages = s->pages - n,
			       .fresh = s->fresh,
			       .kind = SPAN_FREE };
	s->pages = n;
	return rest;
}

/* More fresh pages: at least N. */
static struct span *grow(size_t n)
{
	struct span *s = span_new();
	size_t step = (n + SPAN_STEP - 1) / SPAN_STEP * SPAN_STEP;
	size_t first = s ? span_grow(step) : 0;

	/* At the very first there were no records. */
	if (!s && !pages.base && (first = span_grow(step)))
		s = span_new();
	if (!s || !first) {
		if (s)
			span_free(s);
		return NULL;
	}
	heap.pages += step;
	*s = (struct span){ .start = pages.base + first * PAGE_BYTES,
			    .pages = step,
			    .fresh = true };
	return joined(s);
}

/* A span of at least N pages, on no bin. */
static struct span *take(size_t n)
{
	struct span *s = find(false, n);

	if (!s)
		s = find(true, n);
	if (!s)
		return grow(n);
	bin_remove(s);
	return s;
}

/* The span of N pages in S that begins at a multiple of ALIGN; the rest goes
 * back. */
static struct span *trimmed(struct span *s, size_t n, size_t align)
{
	size_t before = align ? -(uintptr_t)s->start % align / PAGE_BYTES : 0;
	struct span *rest;

	if (before) {
		rest = cut(s, before);
		bin_add(s);
		if (!rest)
			return NULL;
		s = rest;
	}
	if (s->pages > n && (rest = cut(s, n)))
		bin_add(rest);
	return s;
}

struct span *heap_get(size_t n, size_t align, unsigned kind,
		      uint32_t magazine)
{
	size_t more = align > PAGE_BYTES ? align / PAGE_BYTES - 1 : 0;
	struct span *s;

	lock_get(&heap.lock);
	s = take(n + more);
	if (s)
		s = trimmed(s, n, more ? align : 0);
	if (s) {
		*s = (struct span){ .start = s->start,
				    .pages = s->pages,
				    .fresh = s->fresh,
				    .kind = (uint8_t)kind };
		span_set_rows(s, magazine);
	}
	lock_put(&heap.lock);
	return s;
}

static size_t kept(void)
{
	size_t used = heap.pages - heap.free[0] - heap.free[1];

	return KEPT_BYTES + used * PAGE_BYTES / KEPT_PART;
}

void heap_put(struct span *s)
{
	bool much;

	lock_get(&heap.lock);
	span_set_rows(s, 0);
	s->fresh = false;
	bin_add(joined(s));
	much = heap.free[0] * PAGE_BYTES > kept();
	lock_put(&heap.lock);
	if (much)
		heap_scavenge(kept() / 2, SIZE_MAX);
}

/* The free span behind S that has N more pages for it. */
static struct span *room_behind(const struct span *s, size_t n)
{
	size_t first = page_of(s->start) + s->pages;
	struct span *o;

	if (first >= pages.pages)
		return NULL;
	o = pages.spans + row_at(first)->span;
	return o->kind == SPAN_FREE && o->pages >= n &&
	       o->start == s->start + s->pages * PAGE_BYTES ? o : NULL;
}

/* heap.lock held. */
static bool extend(struct span *s, size_t n)
{
	size_t more = n - s->pages;
	struct span *o = room_behind(s, more);
	struct span *rest = NULL;

	if (!o)
		return false;
	bin_remove(o);
	if (o->pages > more) {
		rest = cut(o, more);
		bin_add(rest ? rest : o);
		if (!rest)
			return false;
	}
	s->pages = n;
	s->fresh = false;
	span_free(o);
	span_set_rows(s, 0);
	return true;
}

bool heap_resize(struct span *s, size_t n)
{
	struct span *rest = NULL;
	bool done = true;

	lock_get(&heap.lock);
	if (n > s->pages)
		done = extend(s, n);
	else if (n < s->pages)
		rest = cut(s, n);
	lock_put(&heap.lock);
	if (rest)
		heap_put(rest);
	return done;
}

/* The dirty span with the most pages, roughly: the first of the last bin. */
static struct span *largest_dirty(void)
{
	for (int word = 1; word >= 0; word--) {
		uint64_t bits = heap.filled[0][word];

		if (bits)
			return heap.bins[0][word * 64 + 63 -
					    __builtin_clzl(bits)];
	}
	return NULL;
}

/* While the kernel works, the span is nobody's. */
size_t heap_scavenge(size_t keep, size_t most)
{
	size_t given = 0;
	struct span *s;

	lock_get(&heap.lock);
	while (given < most && heap.free[0] * PAGE_BYTES > keep &&
	       (s = largest_dirty())) {
		bin_remove(s);
		s->kind = SPAN_NONE;
		lock_put(&heap.lock);
		sys_call(SYS_madvise, s->start, s->pages * PAGE_BYTES,
			 MADV_DONTNEED, 0);
		lock_get(&heap.lock);
		given += s->pages * PAGE_BYTES;
		s->fresh = true;
		bin_add(joined(s));
	}
	lock_put(&heap.lock);
	return given;
}
