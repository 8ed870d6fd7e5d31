/*
 * The run queue of a P.
 *
 * head and tail count for ever; an entry's slot is its number modulo the
 * size.  Between head and tail the slots are filled.  A consumer, owner or
 * thief, reads the slots it wants first and then claims them by moving head;
 * when that fails others were faster and it looks again.
 */
#include "runtime/runq.h"

#include "runtime/g.h"

void gchain_add(struct gchain *chain, struct g *gp)
{
	gp->link = NULL;
	if (chain->tail)
		chain->tail->link = gp;
	else
		chain->head = gp;
	chain->tail = gp;
	chain->count++;
}

/* Half of the full ring and GP to OVERFLOW; false when thieves made room. */
static bool spill(struct runq *q, struct g *gp, uint32_t head,
		  struct gchain *overflow)
{
	uint32_t n = RUNQ_SIZE / 2;

	if (!atomic_compare_exchange_strong_explicit(&q->head, &head, head + n,
						     memory_order_acquire,
						     memory_order_relaxed))
		return false;
	/* Ours now, and only we fill slots: no hurry to read them. */
	for (uint32_t i = 0; i < n; i++)
		gchain_add(overflow,
			   atomic_load_explicit(runq_slot(q, head + i),
						memory_order_relaxed));
	gchain_add(overflow, gp);
	return true;
}

void runq_put(struct runq *q, struct g *gp, bool next, struct gchain *overflow)
{
	if (next)
		gp = runq_set_next(q, gp);
	if (!gp)
		return;
	while (!runq_put_tail(q, gp)) {
		uint32_t head = atomic_load_explicit(&q->head,
						     memory_order_acquire);

		/* Still full, or thieves have made room. */
		if (runq_length(q) == RUNQ_SIZE &&
		    spill(q, gp, head, overflow))
			return;
	}
}

uint32_t runq_put_chain(struct runq *q, struct gchain *chain)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
	uint32_t n = 0;

	while (chain->head && tail + n - head < RUNQ_SIZE) {
		struct g *gp = chain->head;

		chain->head = gp->link;
		atomic_store_explicit(runq_slot(q, tail + n), gp,
				      memory_order_relaxed);
		n++;
	}
	chain->count -= n;
	if (!chain->head)
		chain->tail = NULL;
	atomic_store_explicit(&q->tail, tail + n, memory_order_release);
	return n;
}

void runq_take_all(struct runq *q, struct gchain *chain)
{
	bool inherit;
	struct g *gp;

	while ((gp = runq_get(q, &inherit)) != NULL)
		gchain_add(chain, gp);
}

static struct g *take_next_of(struct runq *from)
{
	struct g *gp = atomic_load_explicit(&from->next, memory_order_acquire);

	if (!gp || !atomic_compare_exchange_strong(&from->next, &gp, NULL))
		return NULL;
	return gp;
}

/* Half of FROM's ring to the free slots of TO from TAIL on; how many. */
static uint32_t grab(struct runq *from, struct runq *to, uint32_t to_tail)
{
	for (;;) {
		uint32_t head = atomic_load_explicit(&from->head,
						     memory_order_acquire);
		uint32_t tail = atomic_load_explicit(&from->tail,
						     memory_order_acquire);
		uint32_t n = tail - head;

		n -= n / 2;
		if (!n)
			return 0;
		if (n > RUNQ_SIZE / 2)
			continue;       /* head and tail of two moments */
		for (uint32_t i = 0; i < n; i++) {
			struct g *gp = atomic_load_explicit(
				runq_slot(from, head + i),
				memory_order_relaxed);

			atomic_store_explicit(runq_slot(to, to_tail + i), gp,
					      memory_order_relaxed);
		}
		if (atomic_compare_exchange_strong_explicit(
			    &from->head, &head, head + n, memory_order_release,
			    memory_order_relaxed))
			return n;
	}
}

struct g *runq_steal(struct runq *to, struct runq *from, enum runq_next next,
		     uint32_t *count)
{
	uint32_t tail = atomic_load_explicit(&to->tail, memory_order_relaxed);
	uint32_t n = grab(from, to, tail);
	struct g *gp;

	*count = n;
	if (!n) {
		gp = next == NEXT_TOO ? take_next_of(from) : NULL;
		*count = gp != NULL;
		return gp;
	}
	gp = atomic_load_explicit(runq_slot(to, tail + n - 1),
				  memory_order_relaxed);
	if (n > 1)
		atomic_store_explicit(&to->tail, tail + n - 1,
				      memory_order_release);
	return gp;
}

uint32_t runq_length(const struct runq *q)
{
	uint32_t head = atomic_load_explicit(&q->head, memory_order_acquire);
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);

	/* Read at two moments: never negative, never more than there is. */
	if (tail - head > RUNQ_SIZE)
		return 0;
	return tail - head;
}

bool runq_is_empty(const struct runq *q)
{
	uint32_t tail = atomic_load_explicit(&q->tail, memory_order_acquire);
	uint32_t was;
	bool empty;

	/* One goes from next to the ring, and the one that pushed it is taken
	 * out of next: whoever looks at the ring before and at next after sees
	 * nothing in either.  That always moves tail. */
	do {
		was = tail;
		empty = atomic_load_explicit(&q->head, memory_order_acquire) ==
				was &&
			!atomic_load_explicit(&q->next, memory_order_acquire);
		tail = atomic_load_explicit(&q->tail, memory_order_acquire);
	} while (tail != was);
	return empty;
}
