/*
 * The dense table of goroutines: 16 bytes for each, so that a reader finds out
 * what moved since it last looked without touching a single struct g.
 *
 * The status word is the goroutine's only state, and at each time one only may
 * change it: who runs the goroutine, or is to wake it, or makes it.  A reader
 * claims a goroutine that nobody runs (RUNNABLE or WAITING), looks at its
 * stack, and lets it go; it may become RUNNABLE meanwhile, but whoever wants to
 * run it spins for those microseconds.
 *
 * Readers are rare and switches are not: who switches stores G_RUNNING and then
 * looks whether there are readers at all, and the first reader pays for that
 * with a barrier (runtime/barrier.h).
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
	G_REASON_SHIFT = 16,
};

struct g;
struct times;

struct gtab_row {
	_Atomic uint32_t status;  /* state, reason << 16 */
	_Atomic uint32_t parks;   /* owner: +1 when it leaves its M, or
				   * its thread waits with it */
	_Atomic uint32_t claim;   /* 1: a reader's */
} __attribute__((aligned(16)));

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

/* There is a goroutine, which has not ended. */
static inline bool gtab_is_alive(uint32_t status)
{
	return gtab_state(status) != G_IDLE && gtab_state(status) != G_DEAD;
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
struct times *gtab_times(uint32_t slot);

/*
 * Claims a goroutine for reading: true when SLOT was in one of the states
 * nobody runs, *STATUS, and will not run until gtab_end_scan(), which comes
 * soon.  [any]
 */
bool gtab_begin_scan(uint32_t slot, uint32_t *status);
void gtab_end_scan(uint32_t slot);

/* The same for a slot that is free: it does not begin to run meanwhile, though
 * its first frame may be made.  [any] */
bool gtab_begin_scan_idle(uint32_t slot);

/* Now and then: nobody reads any more, as it seems, and switches need not look
 * at claims.  sysmon. */
void gtab_end_scans(void);

/* Not 0 while somebody may have a claim. */
extern _Atomic uint32_t gtab_readers __attribute__((visibility("hidden")));

void gtab_wait_claim(struct gtab_row *row);

/* Moves from one state to another.  The caller is the only one who may make
 * this move: debug builds die where the state is not FROM. */
static inline void gtab_move(struct gtab_row *row, uint32_t from, uint32_t to)
{
#ifdef PGO_DEBUG
	if (atomic_load_explicit(&row->status, memory_order_relaxed) != from)
		__builtin_trap();
#else
	(void)from;
#endif
	/* Release: what it has done.  Pairs with the claim of a reader. */
	atomic_store_explicit(&row->status, to, memory_order_release);
}

/* From G_RUNNABLE to G_RUNNING; the caller then waits out a claim, if there can
 * be one. */
static inline void gtab_set_running(struct gtab_row *row)
{
	gtab_move(row, G_RUNNABLE, G_RUNNING);
	/* In this order; the barrier is a reader's. */
	atomic_signal_fence(memory_order_seq_cst);
}

static inline bool gtab_may_be_claimed(void)
{
	return atomic_load_explicit(&gtab_readers, memory_order_relaxed);
}

/* The two in one. */
static inline void gtab_run(struct gtab_row *row)
{
	gtab_set_running(row);
	if (__builtin_expect(gtab_may_be_claimed(), 0))
		gtab_wait_claim(row);
}

#endif
