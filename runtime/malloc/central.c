/*
 * Objects are freed where they are freed, into the cache of that P or thread,
 * and go on in whole batches: a producer and a consumer take one lock for 64
 * objects and more, and nobody owns a span.  Only what no cache wants goes back
 * to its span, object by object; a span that has all of them back becomes
 * pages.
 *
 * Not chosen: a queue of remote frees per owner, as mimalloc has it.  With
 * goroutines that are stolen, remote is the usual case, and a compare and swap
 * per object costs twice the batch (docs/BENCH.md).
 */
#include "runtime/malloc/central.h"

#include "runtime/malloc/heap.h"

struct central centrals[CLASSES];

static void list_add(struct central *c, struct span *s)
{
	s->prev = NULL;
	s->next = c->spans;
	if (s->next)
		s->next->prev = s;
	c->spans = s;
}

static void list_remove(struct central *c, struct span *s)
{
	if (s->prev)
		s->prev->next = s->next;
	else
		c->spans = s->next;
	if (s->next)
		s->next->prev = s->prev;
}

static bool is_full(const struct span *s)
{
	return !s->free && s->carved == s->objects;
}

/* An object that came back, or one more of the untouched. */
static void *span_take(struct span *s)
{
	void **object = s->free;

	if (object) {
		s->free = *object;
	} else {
		object = (void *)(s->first + (size_t)s->carved *
						     classes[s->class].bytes);
		object[1] = (void *)central_mark(object);
		s->carved++;
	}
	s->used++;
	return object;
}

static struct span *new_span(unsigned class)
{
	struct span *s = heap_get(classes[class].pages, 0, SPAN_SMALL,
				  class << CENTRAL_MAGAZINE_SHIFT);
	size_t bytes = classes[class].bytes;
	size_t before;

	if (!s)
		return NULL;
	before = (bytes - (uintptr_t)s->start % bytes) % bytes;
	s->class = (uint8_t)class;
	s->first = s->start + before;
	s->objects = (uint32_t)((s->pages * PAGE_BYTES - before) / bytes);
	return s;
}

/* lock held; adds to B what the span has, up to MOST. */
static void take_from(struct central *c, struct span *s, struct batch *b,
		      uint32_t most)
{
	while (b->n < most && !is_full(s)) {
		void **object = span_take(s);

		*object = b->first;
		b->first = object;
		b->n++;
	}
	if (is_full(s))
		list_remove(c, s);
}

static struct batch from_spans(struct central *c, unsigned class)
{
	struct batch b = { 0 };
	uint32_t most = classes[class].batch;

	while (b.n < most) {
		struct span *s = c->spans;

		if (!s) {
			s = new_span(class);
			if (!s)
				break;
			list_add(c, s);
		}
		take_from(c, s, &b, most);
	}
	return b;
}

struct batch central_get(unsigned class)
{
	struct central *c = &centrals[class];
	struct batch b;

	lock_get(&c->lock);
	if (c->n) {
		b = c->batches[--c->n];
		if (c->least > c->n)
			c->least = c->n;
	} else {
		b = from_spans(c, class);
	}
	lock_put(&c->lock);
	return b;
}

/* lock held.  S, when OBJECT was the last that was out. */
static struct span *give_back(struct central *c, void **object)
{
	struct span *s = span_of(object);

	if (is_full(s))
		list_add(c, s);
	*object = s->free;
	s->free = object;
	if (--s->used)
		return NULL;
	list_remove(c, s);
	return s;
}

/* lock held */
static void to_spans(struct central *c, struct batch b)
{
	void **object = b.first;

	while (object) {
		void **next = *object;
		struct span *s = give_back(c, object);

		if (s)
			heap_put(s);
		object = next;
	}
}

void central_put(unsigned class, struct batch b)
{
	struct central *c = &centrals[class];

	lock_get(&c->lock);
	/* Few objects are not worth the place of many. */
	if (c->n < CENTRAL_BATCHES && b.n * 2 >= classes[class].batch)
		c->batches[c->n++] = b;
	else
		to_spans(c, b);
	lock_put(&c->lock);
}

void central_trim(bool all)
{
	for (unsigned class = 1; class < CLASSES; class++) {
		struct central *c = &centrals[class];

		lock_get(&c->lock);
		for (uint32_t n = all ? c->n : c->least; n; n--)
			to_spans(c, c->batches[--c->n]);
		c->least = c->n;
		lock_put(&c->lock);
	}
}
