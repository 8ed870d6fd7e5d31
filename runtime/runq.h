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
#include <stddef.h>
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

/* GP to the end of CHAIN.  [any] */
void gchain_add(struct gchain *chain, struct g *gp);

static inline _Atomic(struct g *) *runq_slot(struct runq *q, uint32_t number)
{
	return &q->slot[number % RUNQ_SIZE];
}

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

/* Puts GP at the tail; false: the ring is full.  Owner. */
static inline bool runq_put_tail(struct runq *q, struct g *gp)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	/* Acquire: whoever moved head has read the slots. */
	uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);

	if (__builtin_expect(tail - head >= RUNQ_SIZE, 0))
		return false;
	atomic_store_explicit(runq_slot(q, tail), gp, memory_order_relaxed);
	/* Release: the slot is filled.  Pairs with the acquire of tail in
	 * grab(). */
	atomic_store_explicit(&q->tail, tail + 1, memory_order_release);
	return true;
}

/* Puts GP in runnext and returns who was there, or NULL.  Owner. */
static inline struct g *runq_set_next(struct runq *q, struct g *gp)
{
	struct g *was = atomic_load_explicit(&q->next, memory_order_relaxed);

	/* A full barrier too: who queues here looks at the count of spinning
	 * Ms next. */
	if (!runq_is_alone(q))
		return atomic_exchange(&q->next, gp);
	atomic_store_explicit(&q->next, gp, memory_order_relaxed);
	return was;
}

/*
 * Puts GP: in runnext when NEXT, pushing who was there to the tail.  When the
 * ring is full half of it and GP go to OVERFLOW, which the caller gives to the
 * global queue.  Owner.
 */
void runq_put(struct runq *q, struct g *gp, bool next, struct gchain *overflow);

/* Puts at most N of CHAIN at the tail and returns how many fitted.  Owner. */
uint32_t runq_put_chain(struct runq *q, struct gchain *chain);

/* Whether GP, seen in runnext, is ours.  Only the owner fills that, so if not,
 * a thief has it. */
static inline bool runq_claim_next(struct runq *q, struct g *gp)
{
	if (!runq_is_alone(q))
		return atomic_compare_exchange_strong(&q->next, &gp, NULL);
	atomic_store_explicit(&q->next, NULL, memory_order_relaxed);
	return true;
}

/* Whether entry *HEAD is ours; if not, *HEAD is the head now. */
static inline bool runq_claim_head(struct runq *q, uint32_t *head)
{
	if (!runq_is_alone(q))
		return atomic_compare_exchange_strong_explicit(
			&q->head, head, *head + 1, memory_order_release,
			memory_order_acquire);
	atomic_store_explicit(&q->head, *head + 1, memory_order_relaxed);
	return true;
}

/* Who is in runnext, or NULL: it shares the time slice of who readied it.
 * Owner. */
static inline struct g *runq_get_next(struct runq *q)
{
	struct g *gp = atomic_load_explicit(&q->next, memory_order_relaxed);

	return gp && runq_claim_next(q, gp) ? gp : NULL;
}

/* The first of the ring, or NULL.  Owner. */
static inline struct g *runq_get_head(struct runq *q)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
	struct g *gp;

	do {
		if (tail == head)
			return NULL;
		gp = atomic_load_explicit(runq_slot(q, head),
					  memory_order_relaxed);
	} while (__builtin_expect(!runq_claim_head(q, &head), 0));
	return gp;
}

/* Either, and *INHERIT says which.  Owner. */
static inline struct g *runq_get(struct runq *q, bool *inherit)
{
	struct g *gp = runq_get_next(q);

	*inherit = gp;
	return gp ? gp : runq_get_head(q);
}

/* Everybody, to the end of CHAIN.  Owner. */
void runq_take_all(struct runq *q, struct gchain *chain);

/* May a thief take runnext, where the ring is empty? */
enum runq_next { NEXT_STAYS, NEXT_TOO };

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
