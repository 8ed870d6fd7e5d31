/*
 * A 4-ary heap of pointers to timers, which know their places in it, so that
 * one can be taken out.  What owns a timer keeps it: a sleep's is in its
 * struct g, so that a sleep allocates nothing but the heap's slots.
 */
#include "runtime/timer.h"

#include <string.h>

#include "lib/base/clock.h"
#include "runtime/fatal.h"
#include "runtime/lock.h"
#include "runtime/sched.h"
#include "runtime/sys.h"

enum { ARITY = 4, FIRST_SLOTS = 512 };

static struct {
	struct lock lock;               /* everything but next_ns */
	struct timer **slot;            /* a heap by when_ns, from 1 on */
	uint32_t count;
	uint32_t size;
	_Atomic int64_t next_ns;        /* slot[1]->when_ns; lock writes */
} timers = { .next_ns = INT64_MAX };

int64_t timer_next_ns(void)
{
	return atomic_load_explicit(&timers.next_ns, memory_order_relaxed);
}

/* The heap: slot I's children are 4I-2 .. 4I+1 ---------------------------- */

static void place(uint32_t at, struct timer *t)
{
	timers.slot[at] = t;
	t->index = at;
}

static void sift_up(uint32_t at, struct timer *t)
{
	while (at > 1) {
		uint32_t up = (at + 2) / ARITY;

		if (timers.slot[up]->when_ns <= t->when_ns)
			break;
		place(at, timers.slot[up]);
		at = up;
	}
	place(at, t);
}

static uint32_t least_child(uint32_t at)
{
	uint32_t first = at * ARITY - 2;
	uint32_t least = first;

	for (uint32_t i = first + 1; i < first + ARITY; i++)
		if (i <= timers.count &&
		    timers.slot[i]->when_ns < timers.slot[least]->when_ns)
			least = i;
	return least;
}

static void sift_down(uint32_t at, struct timer *t)
{
	while (at * ARITY - 2 <= timers.count) {
		uint32_t least = least_child(at);

		if (timers.slot[least]->when_ns >= t->when_ns)
			break;
		place(at, timers.slot[least]);
		at = least;
	}
	place(at, t);
}

static void note_next(void)
{
	atomic_store(&timers.next_ns,
		     timers.count ? timers.slot[1]->when_ns : INT64_MAX);
}

static void make_room(void)
{
	uint32_t size = timers.size ? 2 * timers.size : FIRST_SLOTS;
	struct timer **slot;

	if (timers.count + 1 < timers.size)
		return;
	slot = sys_map(size * sizeof(*slot));
	if (!slot)
		fatal_throw("out of memory for a timer");
	if (timers.size) {
		memcpy(slot, timers.slot, timers.size * sizeof(*slot));
		sys_unmap(timers.slot, timers.size * sizeof(*slot));
	}
	timers.slot = slot;
	timers.size = size;
}

void timer_add(struct timer *t)
{
	bool earlier;

	lock_get(&timers.lock);
	make_room();
	sift_up(++timers.count, t);
	earlier = timers.slot[1] == t;
	note_next();
	lock_put(&timers.lock);
	if (earlier)
		sched_timer_earlier();
}

/* Lock held; T is in. */
static void take_out(struct timer *t)
{
	struct timer *last = timers.slot[timers.count--];

	if (last != t) {
		uint32_t at = t->index;

		/* Into its place, then to where it belongs. */
		sift_down(at, last);
		sift_up(last->index, last);
	}
	t->index = 0;
	note_next();
}

bool timer_remove(struct timer *t)
{
	bool was_in;

	lock_get(&timers.lock);
	was_in = t->index != 0;
	if (was_in)
		take_out(t);
	lock_put(&timers.lock);
	return was_in;
}

/* The first whose time has come, out of the heap; or NULL. */
static struct timer *take_due(int64_t now_ns)
{
	struct timer *t = NULL;

	lock_get(&timers.lock);
	if (timers.count && timers.slot[1]->when_ns <= now_ns) {
		t = timers.slot[1];
		take_out(t);
		if (t->flights)
			atomic_fetch_add(t->flights, 1);
	}
	lock_put(&timers.lock);
	return t;
}

void timer_run(int64_t now_ns)
{
	struct timer *t;

	while ((t = take_due(now_ns)) != NULL)
		t->fire(t, now_ns);
}

int64_t timer_in(int64_t ns)
{
	int64_t now = clock_mono_ns();

	if (ns < 0)
		ns = 0;
	return ns >= INT64_MAX - now ? INT64_MAX - 1 : now + ns;
}
