/*
 * Input as a list of changes to bytes that are right: where (2 bytes), how many
 * bytes, the bytes.
 */
#ifndef TEST_FUZZ_CHANGES_H
#define TEST_FUZZ_CHANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct changes {
	const uint8_t *p;
	size_t n;
};

/* Makes the next to the ROOM bytes at BYTES; false when there is none. */
static inline bool changes_next(struct changes *c, uint8_t *bytes, size_t room)
{
	size_t where, n;

	if (c->n < 4)
		return false;
	where = (c->p[0] | (size_t)c->p[1] << 8) % room;
	n = c->p[2] % 16u + 1;
	if (n > c->n - 3)
		n = c->n - 3;
	if (n > room - where)
		n = room - where;
	memcpy(bytes + where, c->p + 3, n);
	c->p += 3 + n;
	c->n -= 3 + n;
	return true;
}

#endif
