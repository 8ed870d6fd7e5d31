/* A growing run of bytes. */

#include "runtime/cc/bytes.h"

#include <string.h>

#include "runtime/cc/mem.h"

void bytes_add(struct bytes *b, const void *data, size_t n)
{
	if (n > b->cap - b->n) {
		b->cap = 2 * b->cap + n + 256;
		b->p = mem_grow(b->p, b->cap);
	}
	if (n)
		memcpy(b->p + b->n, data, n);
	b->n += n;
}

void bytes_u8(struct bytes *b, unsigned v)
{
	unsigned char c = (unsigned char)v;

	bytes_add(b, &c, 1);
}

void bytes_u32(struct bytes *b, uint32_t v)
{
	bytes_add(b, &v, 4);
}

void bytes_be32(struct bytes *b, uint32_t v)
{
	bytes_u32(b, __builtin_bswap32(v));
}

void bytes_pad(struct bytes *b, size_t align, unsigned fill)
{
	while (b->n % align)
		bytes_u8(b, fill);
}

size_t bytes_str(struct bytes *b, const char *s)
{
	size_t at = b->n;

	bytes_add(b, s, strlen(s) + 1);
	return at;
}
