/* Digits and names, a few bytes of stack at a time. */
#include "lib/wire/text.h"

#include <string.h>

#define DIGITS_MAX 20           /* of 2^64 - 1 */

static void digits(const struct text_sink *t, uint64_t v, unsigned int base)
{
	char d[DIGITS_MAX];
	size_t n = sizeof(d);

	do {
		d[--n] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	t->put(t->ctx, d + n, sizeof(d) - n);
}

void text_put(const struct text_sink *t, const char *s)
{
	t->put(t->ctx, s, strlen(s));
}

void text_uint(const struct text_sink *t, uint64_t v)
{
	digits(t, v, 10);
}

void text_int(const struct text_sink *t, int64_t v)
{
	if (v < 0)
		t->put(t->ctx, "-", 1);
	digits(t, v < 0 ? -(uint64_t)v : (uint64_t)v, 10);
}

void text_hex(const struct text_sink *t, uint64_t v)
{
	t->put(t->ctx, "0x", 2);
	digits(t, v, 16);
}

void text_name_of(const struct text_sink *t, const char *s, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)s[i] >= ' ' && s[i] != 0x7f)
			continue;
		t->put(t->ctx, s + from, i - from);
		t->put(t->ctx, "?", 1);
		from = i + 1;
	}
	t->put(t->ctx, s + from, n - from);
}

void text_name(const struct text_sink *t, const char *s)
{
	if (s)
		text_name_of(t, s, strlen(s));
}

void text_room_put(void *room, const char *p, size_t n)
{
	struct text_room *r = room;
	size_t left = r->len < r->bytes ? r->bytes - r->len : 0;

	if (n && left)
		memcpy(r->p + r->len, p, n < left ? n : left);
	r->len += n;
}
