/*
 * UTF-8 is decoded strictly: an overlong form, a surrogate or a number beyond
 * U+10FFFF is invalid, for terminals disagree about what they mean.
 */
#include "lib/base/safe_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The character at P and its length in bytes; 0 when it is not valid. */
static size_t decode(const unsigned char *p, size_t n, uint32_t *out)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len;
	uint32_t c;

	if (p[0] < 0x80) {
		*out = p[0];
		return 1;
	}
	len = p[0] >= 0xf8 ? 0 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3
	    : p[0] >= 0xc0 ? 2 : 0;
	if (len == 0 || len > n)
		return 0;
	c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return len;
}

static bool is_safe(uint32_t c)
{
	static const struct { uint32_t first, last; } bad[] = {
		{ 0x00, 0x1f },         /* C0 */
		{ 0x7f, 0x9f },         /* delete and C1 */
		{ 0x061c, 0x061c },     /* Arabic letter mark */
		{ 0x200e, 0x200f },     /* left-to-right, right-to-left mark */
		{ 0x202a, 0x202e },     /* embeddings and overrides */
		{ 0x2066, 0x2069 },     /* isolates */
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (c >= bad[i].first && c <= bad[i].last)
			return false;
	return true;
}

size_t safe_text(char *out, size_t out_bytes, const char *in, size_t n)
{
	const unsigned char *p = (const unsigned char *)in;
	size_t put = 0;

	if (out_bytes == 0)
		return 0;
	for (size_t i = 0; i < n;) {
		uint32_t c = 0;
		size_t len = decode(p + i, n - i, &c);
		bool safe = len && is_safe(c);
		size_t need = safe ? len : 1;

		if (put + need >= out_bytes)
			break;
		if (safe)
			memmove(out + put, in + i, len);
		else
			out[put] = '?';
		put += need;
		i += len ? len : 1;
	}
	out[put] = 0;
	return put;
}
