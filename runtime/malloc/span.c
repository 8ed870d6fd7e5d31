/*
 * The range of addresses.
 *
 * Reserved without access, which takes no memory and is allowed where memory
 * is not overcommitted; made usable in steps for which the table grows by one
 * page of the kernel's.  Pages stay usable: what is not used is given back by
 * its content (scavenge.c), so that the mapping is never cut to pieces.
 *
 * Not chosen: a fixed address.  It saves one load, and fails beside a program
 * that is already there.
 */
#include "runtime/malloc/span.h"

#include "runtime/malloc/host.h"
#include "runtime/sys.h"

enum {
	KERNEL_PAGE = 4096,
	SPANS_STEP = 64 << 10,  /* bytes of records made usable at a time */
};

#define RESERVED_MOST ((size_t)1 << 40)
#define RESERVED_LEAST ((size_t)1 << 26)

/* heap.lock */
static struct {
	size_t most;            /* pages there are addresses for */
	size_t rows_bytes;      /* usable bytes of the table */
	size_t spans_bytes;     /* and of records */
	uint32_t spans;         /* records that were ever used */
	struct span *unused;    /* records without pages */
} range;

struct pages pages;

static bool make_usable(char *p, size_t bytes)
{
	return !sys_call(SYS_mprotect, p, bytes, PROT_READ | PROT_WRITE, 0);
}

static char *reserve(size_t bytes)
{
	long p = sys_call6(SYS_mmap, 0, (long)bytes, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p < 0 && p > -4096 ? NULL : (char *)p;
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) / to * to;
}

/* A limit on addresses may leave less than is wished for. */
static bool begin(void)
{
	size_t bytes = RESERVED_MOST;
	char *base = reserve(bytes);
	size_t head;

	while (!base && bytes > RESERVED_LEAST) {
		bytes /= 2;
		base = reserve(bytes);
	}
	if (!base)
		return false;
	/* The kernel's pages are smaller: what is aligned is so by address. */
	head = -(uintptr_t)base % PAGE_BYTES;
	base += head;
	range.most = (bytes - head) / PAGE_BYTES;
	head = round_up(range.most * sizeof(struct row), PAGE_BYTES);
	pages.spans = (struct span *)(void *)(base + head);
	/* No span is smaller than a page. */
	head += round_up(range.most * sizeof(struct span), PAGE_BYTES);
	head = round_up(head, (size_t)SPAN_STEP * PAGE_BYTES);
	range.spans = 1;
	pages.base = base;
	host_heap(base + head, range.most * PAGE_BYTES - head);
	/* Release: base.  Pairs with span_of(). */
	__atomic_store_n(&pages.pages, head / PAGE_BYTES, __ATOMIC_RELEASE);
	return true;
}

/* The table's rows up to that of page END: those of the head's own pages are
 * read as well, when somebody frees what never was ours. */
static bool rows_usable(size_t end)
{
	size_t bytes = round_up(end * sizeof(struct row), KERNEL_PAGE);

	if (bytes > range.rows_bytes &&
	    !make_usable(pages.base + range.rows_bytes,
			 bytes - range.rows_bytes))
		return false;
	range.rows_bytes = bytes > range.rows_bytes ? bytes :
						      range.rows_bytes;
	return true;
}

size_t span_grow(size_t n)
{
	size_t first;

	if (!pages.base && !begin())
		return 0;
	first = pages.pages;
	if (n > range.most - first || !rows_usable(first + n) ||
	    !make_usable(pages.base + first * PAGE_BYTES, n * PAGE_BYTES))
		return 0;
	/* Release: the rows can be read.  Pairs with span_of(). */
	__atomic_store_n(&pages.pages, first + n, __ATOMIC_RELEASE);
	return first;
}

struct span *span_of(const void *p)
{
	size_t n = __atomic_load_n(&pages.pages, __ATOMIC_ACQUIRE);
	size_t page = page_of(p);
	struct span *s;

	if (page >= n || !row_at(page)->span)
		return NULL;
	s = pages.spans + row_at(page)->span;
	/* Rows inside a free span are old. */
	return (size_t)((const char *)p - s->start) < s->pages * PAGE_BYTES ?
		       s : NULL;
}

void span_set_rows(struct span *s, uint32_t magazine)
{
	uint32_t number = (uint32_t)(s - pages.spans);
	struct row *r = row_at(page_of(s->start));

	for (size_t i = 0; i < s->pages; i++) {
		r[i].span = number;
		r[i].magazine = magazine;
	}
}

void span_set_ends(struct span *s)
{
	uint32_t number = (uint32_t)(s - pages.spans);
	struct row *r = row_at(page_of(s->start));

	r[0].span = number;
	r[s->pages - 1].span = number;
}

struct span *span_new(void)
{
	struct span *s = range.unused;
	char *spans = (char *)pages.spans;

	if (s) {
		range.unused = s->next;
		return s;
	}
	if ((range.spans + 1) * sizeof(*s) > range.spans_bytes) {
		if (!make_usable(spans + range.spans_bytes, SPANS_STEP))
			return NULL;
		range.spans_bytes += SPANS_STEP;
	}
	return pages.spans + range.spans++;
}

void span_free(struct span *s)
{
	s->kind = SPAN_NONE;
	s->pages = 0;
	s->next = range.unused;
	range.unused = s;
}
