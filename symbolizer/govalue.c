/*
 * A value and how far it holds, as differences, in varints; up to a difference
 * of 0 that is not the first.
 *
 * Functions are short and tables shorter still, so there is no index: one walk
 * from the entry on.  A table may lead through all there is of a hostile file,
 * so steps are counted.
 */
#include "symbolizer/govalue.h"

/* The longest function known, a table of constants, has some 200,000. */
#define STEPS_MAX (1u << 19)

struct cursor {
	struct gobytes *bytes;
	uint64_t off;           /* of end */
	const uint8_t *p, *end;
};

static bool next_byte(struct cursor *c, uint8_t *out)
{
	if (c->p == c->end) {
		size_t n;

		c->p = gobytes_some(c->bytes, c->off, &n);
		if (!c->p) {
			c->end = NULL;
			return false;
		}
		c->end = c->p + n;
		c->off += n;
	}
	*out = *c->p++;
	return true;
}

static bool next_varint(struct cursor *c, uint32_t *out)
{
	uint32_t v = 0;
	uint8_t b;

	for (unsigned int shift = 0; shift < 35; shift += 7) {
		if (!next_byte(c, &b))
			return false;
		v |= (uint32_t)(b & 0x7f) << shift;
		if (!(b & 0x80)) {
			*out = v;
			return true;
		}
	}
	return false;
}

bool govalue_at(struct gotab *t, uint32_t off, uint64_t entry, uint64_t pc,
		int32_t *out)
{
	struct cursor c = { .bytes = &t->bytes, .off = t->values + off };
	uint64_t end = entry;
	uint32_t value = UINT32_MAX, delta, length;

	/* Offset 0 says that there is no table. */
	for (uint32_t step = 0; off && step < STEPS_MAX; step++) {
		if (!next_varint(&c, &delta) || (!delta && step) ||
		    !next_varint(&c, &length))
			return false;
		value += (delta >> 1) ^ -(delta & 1);
		end += (uint64_t)length * t->quantum;
		if (pc < end) {
			*out = (int32_t)value;
			return true;
		}
	}
	return false;
}
