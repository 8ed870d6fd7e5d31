/*
 * The dense table of goroutines: 16 bytes for each, so that a reader finds out
 * what moved since it last looked without touching a single struct g.
 *
 * The status word is the goroutine's only state.  It carries Go's scan bit: a
 * reader claims a goroutine that nobody runs (RUNNABLE or WAITING) by setting
 * the bit, looks at its stack, and clears it; whoever wants to run it
 * meanwhile spins for those microseconds.
 *
 *   G_IDLE      a free slot: no goroutine
 *   G_RUNNABLE  nobody runs it; stack unowned; on exactly one run queue
 *   G_RUNNING   its M runs it; the G owns its stack; on no queue.  It may be
 *               in C (m->csp == 0): then it owns its stack above m->cfp only
 *   G_WAITING   nobody runs it, or a bound M sleeps with it; something that
 *               has a reason will ready it
 *   G_DEAD      it has ended; its slot is about to be free
 */
#ifndef PGO_RUNTIME_GTAB_H
#define PGO_RUNTIME_GTAB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/lock.h"

/* Go's numbers. */
enum {
	G_IDLE = 0,
	G_RUNNABLE = 1,
	G_RUNNING = 2,
	G_SYSCALL = 3,          /* never stored: G_RUNNING seen in C */
	G_WAITING = 4,
	G_DEAD = 6,
	G_STATE_MASK = 0xfff,
	G_SCAN = 0x1000,
	G_REASON_SHIFT = 16,
};

struct g;

struct gtab_row {
	_Atomic uint32_t status;  /* state, G_SCAN, reason << 16 */
	_Atomic uint32_t parks;   /* owner: +1 when it leaves its M, or
				   * its thread waits with it */
	uint32_t stack_id;        /* the reader's, at seen_parks */
	uint32_t seen_parks;      /* the reader's */
};

enum { GTAB_CHUNK = 4096, GTAB_CHUNKS = 16384 };

struct gtab_chunk;              /* runtime/g.h */

/* For pgo_layout; all others use the functions. */
extern struct gtab {
	struct lock lock;               /* growing */
	_Atomic(struct gtab_chunk *) chunk[GTAB_CHUNKS];
	_Atomic uint32_t count;         /* written under lock */
} gtab;

static inline unsigned gtab_state(uint32_t status)
{
	return status & G_STATE_MASK;
}

static inline unsigned gtab_reason(uint32_t status)
{
	return status >> G_REASON_SHIFT;
}

/* A new slot: its row and its G, zeroed.  NULL when memory is out.  Slots are
 * never given back: dead Gs are used again.  [any] */
struct g *gtab_new_slot(void);

/* Slots that exist; they only grow.  [any] */
uint32_t gtab_count(void);

/* [any]; slot < gtab_count().  Valid for ever. */
struct gtab_row *gtab_row(uint32_t slot);
struct g *gtab_g(uint32_t slot);

/*
 * Claims a goroutine for reading: true when SLOT was in one of the states
 * nobody runs, which gtab_end_scan() must put back soon.  *STATUS is what it
 * was.  [any]
 */
bool gtab_begin_scan(uint32_t slot, uint32_t *status);
void gtab_end_scan(uint32_t slot, uint32_t status);

/* The same for a slot that is free: it does not begin to run meanwhile, though
 * its first frame may be made.  gtab_end_scan() puts G_IDLE back.  [any] */
bool gtab_begin_scan_idle(uint32_t slot);

/* Moves from one state to another; waits out a scan.  The caller is the only
 * one who may make this move. */
void gtab_move(struct gtab_row *row, uint32_t from, uint32_t to);

#endif
