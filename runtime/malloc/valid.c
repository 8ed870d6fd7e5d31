/* The walk over everything: what is told twice is told the same. */
#include "runtime/malloc/valid.h"

#include "runtime/malloc/cache.h"
#include "runtime/malloc/heap.h"

struct walk {
	const char *wrong;      /* the first that was found */
	size_t free[2];         /* pages of free spans */
	uint64_t used[CLASSES]; /* objects out of spans */
	uint64_t held[CLASSES]; /* in batches and magazines */
};

static void expect(struct walk *w, bool holds, const char *what)
{
	if (!holds && !w->wrong)
		w->wrong = what;
}

static size_t length(struct walk *w, unsigned class, void **object)
{
	size_t n = 0;

	for (; object && !w->wrong; object = *object, n++) {
		struct span *s = span_of(object);

		expect(w, s && s->kind == SPAN_SMALL && s->class == class,
		       "a list has an object of another class");
		expect(w, class_begins(classes[class].magic, object),
		       "a list has what is no object");
		expect(w, object[1] == (void *)central_mark(object),
		       "a free object is not marked");
	}
	return n;
}

static bool is_listed(const struct span *first, const struct span *s)
{
	while (first && first != s)
		first = first->next;
	return first;
}

static void free_span(struct walk *w, const struct span *s, bool *was_free)
{
	unsigned long bin = s->pages < 64 ?
				    s->pages :
				    64 + 63 - (unsigned)__builtin_clzl(
						      s->pages) - 6;

	expect(w, is_listed(heap.bins[s->fresh][bin], s),
	       "a free span is not in its bin");
	expect(w, heap.filled[s->fresh][bin / 64] & 1ULL << bin % 64,
	       "a filled bin has no bit");
	expect(w, !was_free[s->fresh], "free neighbours are not one span");
	was_free[s->fresh] = true;
	was_free[!s->fresh] = false;
	w->free[s->fresh] += s->pages;
}

static void small_span(struct walk *w, const struct span *s)
{
	size_t n = length(w, s->class, s->free);
	bool gives = n || s->carved < s->objects;

	expect(w, s->used + n == s->carved && s->carved <= s->objects,
	       "used + free != carved");
	expect(w, s->used, "a span without objects was kept");
	expect(w, is_listed(centrals[s->class].spans, s) == gives,
	       "a span's class has it listed and should not, or the contrary");
	w->used[s->class] += s->used;
}

static void rows(struct walk *w, const struct span *s)
{
	uint32_t number = (uint32_t)(s - pages.spans);
	uint32_t magazine = s->kind == SPAN_SMALL ?
				    (uint32_t)s->class
					    << CENTRAL_MAGAZINE_SHIFT : 0;
	const struct row *r = row_at(page_of(s->start));

	for (size_t i = 0; i < s->pages; i++) {
		expect(w, r[i].magazine == magazine, "a row's magazine");
		expect(w, s->kind == SPAN_FREE || r[i].span == number,
		       "a row's span");
	}
	expect(w, r[0].span == number && r[s->pages - 1].span == number,
	       "a span's ends");
}

static void spans(struct walk *w)
{
	size_t page = pages.pages - heap.pages;
	bool was_free[2] = { false, false };

	while (page < pages.pages && !w->wrong) {
		struct span *s = pages.spans + row_at(page)->span;

		expect(w, page_of(s->start) == page && s->pages,
		       "a span begins elsewhere");
		if (w->wrong)
			return;
		rows(w, s);
		if (s->kind == SPAN_FREE)
			free_span(w, s, was_free);
		else
			was_free[0] = was_free[1] = false;
		if (s->kind == SPAN_SMALL)
			small_span(w, s);
		expect(w, s->kind != SPAN_NONE, "pages are nobody's");
		page += s->pages;
	}
	expect(w, page == pages.pages, "the last span is too long");
	expect(w, w->free[0] == heap.free[0] && w->free[1] == heap.free[1],
	       "the number of free pages");
}

static void batches(struct walk *w, unsigned class)
{
	const struct central *c = &centrals[class];

	expect(w, c->least <= c->n || !c->least, "the least number of batches");
	for (uint32_t i = 0; i < c->n; i++) {
		size_t n = length(w, class, c->batches[i].first);

		expect(w, n == c->batches[i].n && n, "a batch's length");
		w->held[class] += n;
	}
}

static void magazine(struct walk *w, const struct cache *c, unsigned class)
{
	const struct magazine *mag = &c->magazines[class];
	size_t n = length(w, class, mag->first);
	size_t more = length(w, class, mag->more);

	if (!mag->magic) {
		expect(w, !n && !more, "a class not begun has objects");
		return;
	}
	expect(w, n == mag->n + (mag->room_was - mag->room) -
			       (mag->left_was - mag->left),
	       "a magazine's length");
	expect(w, n + mag->room <= 2 * classes[class].batch + mag->left_was -
					  mag->left,
	       "a magazine has too many");
	expect(w, !more || more == mag->more_n, "a second list's length");
	w->held[class] += n + more;
}

static void class_adds_up(struct walk *w, unsigned class)
{
	uint64_t mallocs, frees;

	cache_count(class, &mallocs, &frees);
	expect(w, frees <= mallocs, "more frees than mallocs");
	expect(w, w->used[class] == mallocs - frees + w->held[class],
	       "mallocs - frees");
}

const char *heap_wrong(void)
{
	struct walk w = { 0 };

	spans(&w);
	for (unsigned class = 1; class < CLASSES && !w.wrong; class++) {
		batches(&w, class);
		for (struct cache *c = cache_first(); c; c = c->next)
			magazine(&w, c, class);
		class_adds_up(&w, class);
	}
	return w.wrong;
}
