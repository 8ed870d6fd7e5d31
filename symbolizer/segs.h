/*
 * Which of many nested address ranges is innermost at an address.
 *
 * Ranges are added in any order, each with the depth of its DIE; segs_finish()
 * cuts them into segments that do not overlap, and segs_find() is one binary
 * search.
 */
#ifndef SYMBOLIZER_SEGS_H
#define SYMBOLIZER_SEGS_H

#include <stddef.h>
#include <stdint.h>

struct range {
	uint64_t lo;            /* [lo, hi) */
	uint64_t hi;
	uint32_t id;            /* whose it is, not 0 */
	uint32_t depth;         /* the deepest wins */
};

struct seg {
	uint64_t start;         /* up to the start of the next one */
	uint32_t id;            /* 0: nobody's */
};

struct segs {
	struct range *ranges;   /* until segs_finish() */
	size_t nranges, ranges_room;
	struct seg *segs;
	size_t n, room;
};

/* 0 or -ENOMEM.  An empty range is left out. */
int segs_add(struct segs *s, uint64_t lo, uint64_t hi, uint32_t id,
	     uint32_t depth);

/* 0 or -ENOMEM. */
int segs_finish(struct segs *s);

/* The id at ADDR, 0 when there is none. */
uint32_t segs_find(const struct segs *s, uint64_t addr);

void segs_release(struct segs *s);

#endif
