/* Objects by their address: what is wrong with a pointer is told by the table
 * and, for a small one that was freed, by the mark in its second word. */
#include "runtime/malloc/object.h"

#include "runtime/malloc/central.h"
#include "runtime/malloc/host.h"

static const char *trouble_with(const struct span *s, const void *p)
{
	if (!s)
		return "no memory of pgo's malloc";
	if (s->kind == SPAN_FREE || s->kind == SPAN_NONE)
		return "not allocated, or freed already";
	if (s->kind != SPAN_SMALL)
		return p == s->start ? NULL : "inside an object";
	if (!class_begins(classes[s->class].magic, p))
		return "inside an object";
	return ((const uintptr_t *)p)[1] == central_mark(p) ?
		       "freed already" : NULL;
}

/* Text without stdio, of which there is room: the longest line is 112. */
static char *put(char *at, const char *s)
{
	while (*s)
		*at++ = *s++;
	*at = 0;
	return at;
}

static char *put_number(char *at, uint64_t v, unsigned base)
{
	char digits[24];
	unsigned n = sizeof(digits);

	digits[--n] = 0;
	do
		digits[--n] = "0123456789abcdef"[v % base];
	while (v /= base);
	return put(at, digits + n);
}

_Noreturn static void die(const char *call, const void *p,
			  const char *trouble)
{
	char text[128];
	char *at = put(put(text, call), "(0x");
	const char *who;
	uint64_t id;

	who = host_who(&id);
	at = put(put_number(at, (uintptr_t)p, 16), "): ");
	at = put(put(put(at, trouble), ", by "), who);
	put_number(put(at, " "), id, 10);
	host_die(text);
}

struct span *object_span(const void *p, const char *call)
{
	struct span *s = span_of(p);
	const char *trouble = trouble_with(s, p);

	if (trouble)
		die(call, p, trouble);
	return s;
}

size_t object_bytes(const struct span *s)
{
	return s->kind == SPAN_SMALL ? classes[s->class].bytes : s->bytes;
}

void *object_start(const void *p)
{
	struct span *s = span_of(p);

	if (!s || s->kind == SPAN_FREE || s->kind == SPAN_NONE)
		return NULL;
	if (s->kind != SPAN_SMALL)
		return s->start;
	return (char *)p - (uintptr_t)p % classes[s->class].bytes;
}
