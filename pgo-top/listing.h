/*
 * The lines of a source file around one of them.  The target says which file:
 * only what is called like a source file and is a regular one is read, and no
 * more of it than a cap.
 */
#ifndef PGO_TOP_LISTING_H
#define PGO_TOP_LISTING_H

#include <stdint.h>

#define LISTING_AROUND 20u      /* lines kept before and behind it */
#define LISTING_LINES (2 * LISTING_AROUND + 1)
#define LISTING_LINE_BYTES 256  /* more is cut */

struct listing_want {
	char file[4096];        /* "": nobody looks */
	uint32_t line;          /* from 1 on */
};

struct listing {
	struct listing_want of;
	uint32_t first;         /* number of lines[0] */
	uint32_t n;             /* 0: cannot be read */
	char lines[LISTING_LINES][LISTING_LINE_BYTES];
};

/* Reads it; NULL without memory.  free() it.  May wait for a slow disk. */
struct listing *listing_new(const struct listing_want *want);

#endif
