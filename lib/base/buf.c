/* Growing by half again, never past the cap. */
#include "lib/base/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 64

void buf_init(struct buf *b, size_t cap)
{
	*b = (struct buf){ .cap = cap };
}

void buf_release(struct buf *b)
{
	free(b->data);
	buf_init(b, b->cap);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->error = 0;
}

static int grow(struct buf *b, size_t need)
{
	size_t room = b->room + b->room / 2;
	uint8_t *data;

	if (room < need)
		room = need;
	if (room < ROOM_MIN)
		room = ROOM_MIN;
	data = realloc(b->data, room);
	if (!data)
		return -ENOMEM;
	b->data = data;
	b->room = room;
	return 0;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : BUF_CAP_DEFAULT;

	if (b->error)
		return NULL;
	if (b->len > cap || n > cap - b->len)
		b->error = -EFBIG;
	else if (!b->data || n > b->room - b->len)
		b->error = grow(b, b->len + n);
	return b->error ? NULL : b->data + b->len;
}

void buf_put(struct buf *b, const void *bytes, size_t n)
{
	uint8_t *p = buf_reserve(b, n);

	if (!p || !n)
		return;
	memcpy(p, bytes, n);
	b->len += n;
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

static void put_le(struct buf *b, uint64_t v, size_t n)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < n; i++)
		bytes[i] = (uint8_t)(v >> (8 * i));
	buf_put(b, bytes, n);
}

void buf_put_u16(struct buf *b, uint16_t v)
{
	put_le(b, v, 2);
}

void buf_put_u32(struct buf *b, uint32_t v)
{
	put_le(b, v, 4);
}

void buf_put_u64(struct buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

size_t varint_put(uint8_t *out, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	return n;
}

void buf_put_varint(struct buf *b, uint64_t v)
{
	uint8_t bytes[10];

	buf_put(b, bytes, varint_put(bytes, v));
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	uint8_t *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0 && !b->error)
		b->error = -EINVAL;
	/* vsnprintf() writes a NUL behind its n bytes. */
	p = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
	if (p) {
		vsnprintf((char *)p, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

const char *buf_str(struct buf *b)
{
	uint8_t *p = buf_reserve(b, 1);

	if (!p)
		return "";
	*p = '\0';
	return (const char *)b->data;
}

uint8_t *buf_take(struct buf *b, size_t *n)
{
	uint8_t *data = b->data;

	*n = 0;
	if (b->error || !b->len) {
		buf_release(b);
		return NULL;
	}
	*n = b->len;
	buf_init(b, b->cap);
	return data;
}
