/*
 * A goroutine.
 *
 * Type-stable: the memory of a struct g is never anything else, so a reader
 * may follow a stale pointer and then find the state or the id wrong.
 */
#ifndef PGO_RUNTIME_G_H
#define PGO_RUNTIME_G_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/amd64/offsets.h"
#include "runtime/exceptions.h"
#include "runtime/gfree.h"
#include "runtime/fiber.h"
#include "runtime/gtab.h"
#include "runtime/seg.h"
#include "runtime/stackmode.h"

struct m;
struct p;

/* Readers outside know these numbers. */
enum times_state { TIMES_RUN, TIMES_READY, TIMES_BLOCKED, TIMES_STATES };

/* See times.h. */
struct times {
	_Atomic uint32_t seq;
	_Atomic uint32_t state;         /* enum times_state, since then: */
	_Atomic int64_t since_ns;
	_Atomic int64_t ns[TIMES_STATES]; /* before */
};

struct g {
	/* The assembly knows these; see amd64/offsets.h. */
	struct seg *cur;        /* owner: the segment its frames are on */
	_Atomic uint64_t preempt; /* sysmon asks; the owner clears */
	void *sp;               /* owner stack pointer while it does not run */
	uint64_t enters;        /* owner: times a segment was entered */
	int32_t err;            /* owner: this goroutine's errno */
	int32_t slot;           /* constant: its row in the table */
	void *vec;              /* owner: vector registers over a yield */

	struct gtab_row *row;   /* constant */
	struct seg *base;       /* owner: the first segment; kept when dead, but
				 * for GFREE_BARE */
	struct fiber fiber;     /* owner, and who makes and frees it */
	void (*fn)(void *);     /* constant while alive */
	void *arg;              /* owner */
	int64_t id;             /* constant while alive */
	int64_t parent_id;      /* constant while alive; 0: a foreign thread */
	uintptr_t created_pc;   /* constant while alive */
	struct g *link;         /* whoever queues it: run queue or free list */
	struct m *bound;        /* sched.lock: an M sleeps with it, in C or
				 * because it is locked to that thread */
	struct m *m;            /* its M while RUNNING or in C, else NULL */
	uint64_t runs;          /* owner: times it began to run */
	int64_t woken_by;       /* who wakes it: the goroutine that did; 0: none
				 * has, or the runtime did */
	uint32_t locks;         /* owner: of pgo_lock_os_thread() */
	int32_t last_p;         /* owner: the id of where it did last */

	struct taken *taken;    /* owner: as a signal found it; NULL */

	struct exceptions exceptions; /* C++'s, while it does not run */

	bool (*commit)(struct g *g, void *arg); /* sched_park(): see there */
	void *commit_arg;
	uint32_t leave;         /* why it left: enum sched_leave */
	bool goexit;            /* owner: pgo_goexit() was called */
	uint32_t reason;        /* of the coming park: enum wait_reason */
	enum gfree_kind kind;   /* constant */
	int64_t since_ns;       /* monotonic, coarse: when its state began */
	const void *wait_on;    /* the channel or waitgroup; NULL: nothing */
	struct g *trim_link;    /* sched.trim_lock: the list of spares */
	uint32_t shrink_epoch;  /* owner: when g_shrink() last looked */
	_Atomic uint32_t on_trim; /* it is on that list */

	size_t stack_bytes;     /* owner: all its segments; of a contiguous
				 * stack what was touched at the last look */
	size_t stack_peak;      /* owner */
	size_t alloca_bytes;    /* owner: blocks of alloca(), see stack.c */
	uint32_t grows;         /* owner */
	uint32_t shrinks;       /* owner */
};

/* So many rows, and their goroutines beside them.  Times take no memory until
 * they are kept. */
struct gtab_chunk {
	struct gtab_row row[GTAB_CHUNK];
	struct g g[GTAB_CHUNK];
	struct times times[GTAB_CHUNK]; /* who changes the state */
};

/* Where GP's vector registers go over a yield: 512 bytes, 64-aligned, kept
 * until the goroutine ends; fatal when memory is out.  General registers
 * only.  [any] */
void *g_vec(struct g *gp);

/* A ready-made goroutine in state G_IDLE that will call FN(ARG), or NULL.
 * The caller gives it an id and makes it runnable.  [any] */
struct g *g_new(void (*fn)(void *), void *arg, const struct stack_want *want);

/* The goroutine has ended and is off its stack: back to the pool.  [m] */
void g_free(struct g *gp);

/* Whether g_free() of GP, which has ended, would find nothing to tidy up. */
static inline bool g_is_tidy(const struct g *gp)
{
	return !gp->grows && !gp->base->blocks && gp->kind != GFREE_BARE;
}

/* Gives back cached segments that were not used since the last call.  GP is
 * off its stack and the caller's: its M, or who claimed it.  [m] */
void g_shrink(struct g *gp, uint32_t epoch);

/* The same for GP with a contiguous stack: what was touched below SP.  [m] */
void g_shrink_below(struct g *gp, uintptr_t sp);

#endif
