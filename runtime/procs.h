/*
 * How many Ps there are: made at the start, more or fewer while running.
 */
#ifndef PGO_RUNTIME_PROCS_H
#define PGO_RUNTIME_PROCS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/sched.h"

/* Makes the first Ps, as many as the environment or the program asks for; all
 * are idle.  0 or -ENOMEM.  [any, once] */
int procs_setup(void);

/* So many there ever were: the first, whether they are in use or not.  [any] */
int32_t procs_ever(void);

/* PP is one too many: whoever has it gives it up when it is between two
 * goroutines.  [any] */
static inline bool procs_is_surplus(const struct p *pp)
{
	return pp->id >= atomic_load_explicit(&sched.gomaxprocs,
					      memory_order_relaxed);
}

/* PP was the only one and is not any more, and others do not yet get at its
 * queue: whoever has it is to share that.  [any] */
static inline bool procs_is_closed(const struct p *pp)
{
	return runq_is_alone(&pp->runq) && sched.gomaxprocs > 1;
}

/* Opens PP, the caller's, if it is closed.  [m] */
void procs_share(struct p *pp);

/* With sched.lock held: PP is nobody's any more.  False: it is surplus, and
 * about to be emptied. */
bool procs_may_idle(struct p *pp);

/* A turn of sysmon's: looks whether the machine grants other than it did, and
 * lets surplus Ps go.  Returns whether there are any, so that the next turn
 * comes soon. */
bool procs_turn(int64_t now_ns);

/* The slice of time of the goroutines that share PP by runnext is over: sysmon
 * says so to the M that has PP, which asks when it is between two of them. */
void procs_end_slice(struct p *pp);
bool procs_slice_is_over(struct p *pp);

/* Takes that back from all who have not asked.  sysmon only. */
void procs_forget_slices(void);

#endif
