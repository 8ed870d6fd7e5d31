/*
 * Spans: runs of pages, and the table that leads from an address to its span.
 *
 * All memory is one range of addresses, reserved at the first use and made
 * usable from its low end: first the table, a row a page, then the records of
 * spans, then the pages.  A page's number is its distance from the beginning
 * of all, so one subtraction leads from a pointer to its row.
 *
 * A row of a small object's page says where the class has its magazine in a
 * cache: free() needs no more.  Rows of other pages have 0 there, and the
 * magazine at 0 takes nothing, so that they need no test of their own.
 *
 *   SPAN_FREE    on a list of the page heap; its first and last row name it
 *   SPAN_SMALL   objects of a class; every row names it, and the magazine
 *   SPAN_LARGE   one object; every row names it
 *   SPAN_SAMPLED one small object, whose stack is known; as a large one
 *   SPAN_NONE    a record without pages
 */
#ifndef PGO_RUNTIME_MALLOC_SPAN_H
#define PGO_RUNTIME_MALLOC_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/malloc/class.h"

enum span_kind {
	SPAN_NONE,
	SPAN_FREE,
	SPAN_SMALL,
	SPAN_LARGE,
	SPAN_SAMPLED,
};

/* heap.lock, or the class's lock while it is SPAN_SMALL. */
struct span {
	char *start;
	size_t pages;
	struct span *next, *prev; /* on a list; see heap.c and central.c */
	void *free;             /* small: objects that came back */
	char *first;            /* small: the first object */
	size_t bytes;           /* of the object, when there is one only */
	uint32_t objects;       /* small: it has room for */
	uint32_t carved;        /* small: objects that ever left */
	uint32_t used;          /* small: objects that are out */
	uint32_t sample;        /* sampled: its record's number + 1; else 0 */
	uint8_t kind;
	uint8_t class;
	bool fresh;             /* all zero, and costs no memory */
};

struct row {
	uint32_t magazine;      /* in bytes from a cache's beginning */
	uint32_t span;
};

/* Set once, then only PAGES grows. */
struct pages {
	char *base;             /* of all addresses; NULL at first */
	size_t pages;           /* usable ones, those before the first too */
	struct span *spans;     /* by number; 0 is none */
};

extern struct pages pages __attribute__((visibility("hidden")));

static inline struct row *row_at(size_t page)
{
	return (struct row *)(void *)pages.base + page;
}

/* What is far above pages.pages is no page. */
static inline size_t page_of(const void *p)
{
	return ((uintptr_t)p - (uintptr_t)pages.base) >> PAGE_SHIFT;
}

/* The span that has P, which any object of it may do; NULL when none has.
 * What another thread may just be freeing is the caller's business.  [any] */
struct span *span_of(const void *p);

/* Rows, for the page heap.  heap.lock held. */
void span_set_rows(struct span *s, uint32_t magazine);
void span_set_ends(struct span *s);

/* A record without pages, NULL when memory is out; and back.  heap.lock
 * held. */
struct span *span_new(void);
void span_free(struct span *s);

/* PAGES more usable pages, PAGES a multiple of SPAN_STEP, or 0 of them when
 * memory is out.  Returns the first one's number.  heap.lock held. */
enum { SPAN_STEP = 512 };
size_t span_grow(size_t n);

#endif
