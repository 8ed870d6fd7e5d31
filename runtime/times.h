/*
 * How long each goroutine ran, was ready and was blocked, exactly.
 *
 * A look at the clock costs more than a switch, so times are kept only while
 * somebody wants them.  SLOW_TIMES is then set in sched.slow, and every switch
 * goes the long way, which is where the clock is read: the short one pays
 * nothing for it.
 *
 * Sums are of the goroutine's life since they were last begun to be kept: what
 * is older than that, of the slot's last goroutine too, is thrown away by the
 * first to touch it.  One at a time may change a goroutine's state, and that
 * one changes its times, before others can see the state; readers try again
 * when times.seq has moved.
 */
#ifndef PGO_RUNTIME_TIMES_H
#define PGO_RUNTIME_TIMES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/g.h"
#include "runtime/sched.h"

/* For pgo_layout; all others use the functions. */
extern struct times_kept {
	struct lock lock;
	_Atomic int64_t begin_ns;       /* lock: they are kept since then */
	_Atomic int64_t end_ns;         /* lock: and until then */
} times_kept;

/* Whether they are.  [any] */
static inline bool times_are_kept(void)
{
	return SELDOM(atomic_load_explicit(&sched.slow, memory_order_relaxed) &
		      SLOW_TIMES);
}

/* GP is new, and ready.  The caller asked times_are_kept(), here and below.
 * [any] */
void times_begin(struct g *gp);

/* GP was FROM and is TO from now on.  [any] */
void times_change(struct g *gp, enum times_state from, enum times_state to);

/* The same if they are. */
static inline void times_note(struct g *gp, enum times_state from,
			      enum times_state to)
{
	if (times_are_kept())
		times_change(gp, from, to);
}

/* Keeps them for NS from now on, for ever with INT64_MAX, or for longer if
 * somebody asked for that.  [any] */
void times_keep(int64_t ns);

/* Begins what PGODEBUG asks for. */
void times_setup(void);

/* A turn of sysmon's: when it is time switches go the short way again. */
void times_turn(int64_t now_ns);

/* GP's until now in OUT, by enum times_state.  False: they are not kept.
 * [any] */
bool times_read(const struct g *gp, int64_t out[TIMES_STATES]);

#endif
