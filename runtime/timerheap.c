/*
 * Slots are numbered from 3 on, so that the children of I are the four from
 * 4(I - 2), which lie in one cache line, and I's parent is I/4 + 2.  The rest
 * of the last line is filled with times that never come: the least of four
 * needs no bounds.
 */
#include "runtime/timerheap.h"

#include <stdatomic.h>
#include <stddef.h>

#include "runtime/fatal.h"
#include "runtime/sys.h"
#include "runtime/timer.h"

enum { ROOT = 3, ARITY = 4, FIRST_SLOTS = 512 };

static uint32_t parent_of(uint32_t at)
{
	return at / ARITY + 2;
}

static uint32_t children_of(uint32_t at)
{
	return (at - 2) * ARITY;
}

void timerheap_init(struct timerheap *h)
{
	*h = (struct timerheap){ .end = ROOT, .next_ns = INT64_MAX };
}

static struct timer *timer_of(struct timerslot s)
{
	return s.who & TIMERSLOT_SLEEPS ? NULL : (struct timer *)s.who;
}

static void place(struct timerheap *h, uint32_t at, struct timerslot s)
{
	struct timer *t = timer_of(s);

	h->slot[at] = s;
	if (t)
		t->index = at;
}

static void sift_up(struct timerheap *h, uint32_t at, struct timerslot s)
{
	while (at > ROOT) {
		uint32_t up = parent_of(at);

		if (h->slot[up].when_ns <= s.when_ns)
			break;
		place(h, at, h->slot[up]);
		at = up;
	}
	place(h, at, s);
}

/* Of two pairs, then of those: no branch of it can be guessed. */
static uint32_t least_of(const struct timerslot *slot, uint32_t at)
{
	uint32_t a = at + (slot[at + 1].when_ns < slot[at].when_ns);
	uint32_t b = at + 2 + (slot[at + 3].when_ns < slot[at + 2].when_ns);

	return slot[b].when_ns < slot[a].when_ns ? b : a;
}

static void sift_down(struct timerheap *h, uint32_t at, struct timerslot s)
{
	for (;;) {
		uint32_t below = children_of(at);

		if (below >= h->end)
			break;
		below = least_of(h->slot, below);
		if (h->slot[below].when_ns >= s.when_ns)
			break;
		place(h, at, h->slot[below]);
		at = below;
	}
	place(h, at, s);
}

static void note_next(struct timerheap *h)
{
	int64_t next = h->end > ROOT ? h->slot[ROOT].when_ns : INT64_MAX;

	/* Sequentially consistent: before its adder looks who sleeps. */
	if (timerheap_next_ns(h) != next)
		atomic_store(&h->next_ns, next);
}

/* Memory ------------------------------------------------------------------- */

static void resize(struct timerheap *h, uint32_t size)
{
	size_t bytes = size * sizeof(*h->slot);
	struct timerslot *slot =
		h->size ? sys_remap(h->slot, h->size * sizeof(*slot), bytes) :
			  sys_map(bytes);

	if (!slot)
		fatal_throw("out of memory for a timer");
	h->slot = slot;
	h->size = size;
}

/* For one more, and the line it is in. */
static void make_room(struct timerheap *h)
{
	if (h->end >= h->size)
		resize(h, h->size ? 2 * h->size : FIRST_SLOTS);
	if (h->end % ARITY)
		return;
	for (uint32_t i = 1; i < ARITY; i++)
		h->slot[h->end + i].when_ns = INT64_MAX;
}

/* What a million sleepers took is given back. */
static void shrink(struct timerheap *h)
{
	if (h->size > FIRST_SLOTS && h->end < h->size / 8)
		resize(h, h->size / 2);
}

/* -------------------------------------------------------------------------- */

bool timerheap_put(struct timerheap *h, struct timerslot s)
{
	struct timer *t = timer_of(s);

	make_room(h);
	if (t)
		atomic_store_explicit(&t->home, h, memory_order_relaxed);
	sift_up(h, h->end++, s);
	note_next(h);
	return h->slot[ROOT].who == s.who;
}

/* The last goes where AT was, then where it belongs. */
static void take_out(struct timerheap *h, uint32_t at)
{
	uint32_t end = --h->end;
	struct timerslot last = h->slot[end];

	h->slot[end].when_ns = INT64_MAX;
	if (at != end && at > ROOT &&
	    h->slot[parent_of(at)].when_ns > last.when_ns)
		sift_up(h, at, last);
	else if (at != end)
		sift_down(h, at, last);
	note_next(h);
	shrink(h);
}

bool timerheap_take(struct timerheap *h, int64_t last_ns, struct timerslot *s)
{
	if (timerheap_next_ns(h) > last_ns || h->end == ROOT)
		return false;
	*s = h->slot[ROOT];
	take_out(h, ROOT);
	if (timer_of(*s))
		timer_of(*s)->index = 0;
	return true;
}

void timerheap_remove(struct timerheap *h, struct timer *t)
{
	take_out(h, t->index);
	t->index = 0;
}

void timerheap_move(struct timerheap *from, struct timerheap *to,
		    int64_t last_ns)
{
	int64_t next = timerheap_next_ns(from);
	struct timerslot s;

	if (next <= last_ns && next < timerheap_next_ns(to))
		atomic_store(&to->next_ns, next);
	while (timerheap_take(from, last_ns, &s))
		timerheap_put(to, s);
}
