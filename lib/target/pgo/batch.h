/*
 * A thousand goroutines at a time, read in a few system calls: their rows and
 * structs, then their stacks, a window of each, then the rows again.  One
 * whose status and count of parks are what they were stood still meanwhile;
 * the others are read anew, each alone, which takes microseconds.
 */
#ifndef LIB_TARGET_PGO_BATCH_H
#define LIB_TARGET_PGO_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/target/pgo/program.h"

enum { PGO_BATCH = 1024 };

enum pgo_kind {
	PGO_NOBODY,             /* a free slot */
	PGO_PARKED,             /* nobody runs it */
	PGO_IN_C,               /* its thread is in C for it */
	PGO_RUNS,               /* its stack is the business of its thread */
};

/* One slot of the table. */
struct pgo_look {
	uint64_t row, g;        /* addresses */
	uint8_t kind;           /* enum pgo_kind */
	bool accepted;          /* all of it is of one moment */
	bool timed;             /* so are its times */
	bool begun;             /* the words at its stack pointer were read */
	bool careful;           /* windows end with their page */
	bool above;             /* seg is above cur */
	uint32_t status, parks;
	uint32_t segments;      /* 0: unknown */
	uint32_t window;        /* bytes of the next one */
	uint64_t m;             /* address; 0: none */
	uint64_t cur;           /* segment header: the end of its stack */
	uint64_t used;          /* to the stack pointer */
	uint64_t seg;           /* the next header that is wanted; 0: none */
	struct pgo_walk walk;
};

/* What a piece of a round is. */
struct pgo_window {
	uint32_t look;
	bool header;            /* of a segment; else stack */
};

struct pgo_batch {
	struct pgo_program *p;
	bool no_stacks;         /* the caller's wish */
	uint32_t deep;          /* windows read beyond the first of each: a
				 * snapshot has a bound for them */
	uint32_t n;
	uint32_t from, to;      /* looks at work: [from, to) */
	uint32_t singles;       /* that were read alone; so have a bound */
	struct pgo_look look[PGO_BATCH];
	uint8_t *rows, *gs;             /* PGO_BATCH of each */
	uint8_t *ms;                    /* of those that run; twice */
	uint64_t times_at;      /* address, of look 0; 0: not kept */
	uint8_t *times;                 /* PGO_BATCH, twice */
	uint8_t *stacks;                /* the windows of a round */
	uint64_t *pcs;
	size_t pieces;
	struct space_piece *piece;
	struct pgo_window *window;      /* what piece of that number is */
};

/* Makes B ready for P.  0 or -ENOMEM. */
int pgo_batch_init(struct pgo_batch *b, struct pgo_program *p);
void pgo_batch_release(struct pgo_batch *b);

/* Reads the N goroutines whose rows and structs lie one behind the other at
 * ROW and G, and their times at TIMES if that is not 0.  0 or -E of
 * space_readv(). */
int pgo_batch_read(struct pgo_batch *b, uint64_t row, uint64_t g,
		   uint64_t times, uint32_t n);

/* For those that read a part of it: how many looks from I on are still to do;
 * they lie one behind the other. */
uint32_t pgo_batch_run(const struct pgo_batch *b, uint32_t i);

/* One more of B's pieces; and reading them all.  0 or -E as above. */
void pgo_batch_add(struct pgo_batch *b, uint64_t address, void *to,
		   uint32_t bytes);
int pgo_batch_read_pieces(struct pgo_batch *b);

/* The bytes of the struct g of look I. */
static inline const uint8_t *pgo_batch_g(const struct pgo_batch *b, uint32_t i)
{
	return b->gs + (size_t)i * b->p->o.bytes[PGO_G];
}

#endif
