/*
 * A P's queue of runnable goroutines: a ring of 256 and one slot in front of
 * it, runnext, for what its own goroutine readied last.
 *
 * The owner puts at the tail and takes at the head; thieves take at the head.
 * The algorithm is that of Go's runtime/proc.go (runqput, runqget, runqgrab).
 * Where there is one P only, nobody steals, and the owner needs no locked
 * instruction, which is a quarter of a switch each.
 */
#ifndef PGO_RUNTIME_RUNQ_H
#define PGO_RUNTIME_RUNQ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct g;

enum { RUNQ_SIZE = 256 };

struct runq {
	_Atomic uint32_t head;  /* owner and thieves, by compare and swap */
	_Atomic uint32_t tail;  /* owner */
	_Atomic(struct g *) next; /* owner sets; a thief may take it away */
	_Atomic bool alone;     /* there are no thieves; see procs.c */
	_Atomic(struct g *) slot[RUNQ_SIZE];
};

/* A chain of goroutines by ->link. */
struct gchain {
	struct g *head;
	struct g *tail;
	uint32_t count;
};

/*
 * Puts GP: in runnext when NEXT, pushing who was there to the tail.  When the
 * ring is full half of it and GP go to OVERFLOW, which the caller gives to the
 * global queue.  Owner.
 */
void runq_put(struct runq *q, struct g *gp, bool next, struct gchain *overflow);

/* Puts at most N of CHAIN at the tail and returns how many fitted.  Owner. */
uint32_t runq_put_chain(struct runq *q, struct gchain *chain);

/* The next goroutine, or NULL; *INHERIT says it was runnext and shares the
 * time slice of who readied it.  Owner. */
struct g *runq_get(struct runq *q, bool *inherit);

/* Thieves leave Q alone, so that its owner may do without atomics.  [any] */
static inline bool runq_is_alone(const struct runq *q)
{
	/* Acquire: what the owner did while it was.  Pairs with the release in
	 * runq_share(). */
	return atomic_load_explicit(&q->alone, memory_order_acquire);
}

/* There may be thieves from now on.  Owner. */
static inline void runq_share(struct runq *q)
{
	atomic_store_explicit(&q->alone, false, memory_order_release);
}

/* Who is in runnext, out of there; or NULL.  Owner. */
struct g *runq_take_next(struct runq *q);

/* Everybody, to the end of CHAIN.  Owner. */
void runq_take_all(struct runq *q, struct gchain *chain);

/* May a thief take runnext, where the ring is empty? */
enum runq_next {
	NEXT_STAYS,
	NEXT_AFTER_GRACE,       /* if it is still there a moment later */
	NEXT_AT_ONCE,           /* for tests */
};

/*
 * Moves half of FROM to TO, which is at most half full, and returns one of
 * them, or NULL.  Owner of TO.  *COUNT is how many were taken.
 */
struct g *runq_steal(struct runq *to, struct runq *from, enum runq_next next,
		     uint32_t *count);

/* Entries of the ring without runnext, as SCHED lines count.  [any] */
uint32_t runq_length(const struct runq *q);
bool runq_is_empty(const struct runq *q);

#endif
