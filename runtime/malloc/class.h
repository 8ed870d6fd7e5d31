/*
 * Size classes: what sizes small objects are rounded up to.
 *
 * Steps of 16 bytes up to 256, then eight and from 1024 on four for each
 * doubling: at most an eighth, then a quarter, of an object is lost.
 */
#ifndef PGO_RUNTIME_MALLOC_CLASS_H
#define PGO_RUNTIME_MALLOC_CLASS_H

#include <stddef.h>
#include <stdint.h>

enum {
	PAGE_SHIFT = 13,
	PAGE_BYTES = 1 << PAGE_SHIFT,
	CLASSES = 53,           /* 0 is none */
	TINY_MAX = 1024,        /* up to here by a table */
	SMALL_MAX = 32 << 10,   /* larger ones have a span each */
	FIRST_ABOVE_TINY = 33,
};

struct class {
	uint64_t magic;         /* 2^64 / bytes, rounded up */
	uint32_t bytes;
	uint32_t pages;         /* of a span */
	uint32_t batch;         /* moved at a time, at least */
};

extern const struct class classes[CLASSES];

/* The class of BYTES, by (BYTES + 15) / 16. */
extern const uint8_t class_tiny[TINY_MAX / 16 + 1];

/* The class for BYTES, at most SMALL_MAX. */
static inline unsigned class_of(size_t bytes)
{
	unsigned top;

	if (bytes <= TINY_MAX)
		return class_tiny[(bytes + 15) / 16];
	top = 63 - (unsigned)__builtin_clzl(bytes - 1);
	return FIRST_ABOVE_TINY + (top - 10) * 4 +
	       ((bytes - 1) >> (top - 2) & 3);
}

/*
 * Objects lie at multiples of their size, wherever their span is: so whether P
 * is where one begins needs the size alone, as one multiplication (Lemire and
 * others, "Faster remainder by direct computation"; exact, for an address has
 * 47 bits and a size at most 16).
 */
static inline int class_begins(uint64_t magic, const void *p)
{
	return (uint64_t)(uintptr_t)p * magic < magic;
}

#endif
