/*
 * Sleeping goroutines in a 4-ary heap, kept in each one's struct g by its
 * index, so that a sleep allocates nothing but the heap's slots.
 *
 * A goroutine goes into the heap from its park's commit function, when it is
 * off its stack: whoever finds it there may run it at once.
 */
#include "runtime/timer.h"

#include <string.h>

#include <pgo/go.h>

#include "lib/base/clock.h"
#include "runtime/fatal.h"
#include "runtime/sched.h"
#include "runtime/sys.h"

enum { ARITY = 4, FIRST_SLOTS = 512 };

static struct {
	struct lock lock;               /* everything but next_ns */
	struct g **slot;                /* a heap by wake_ns, from 1 on */
	uint32_t count;
	uint32_t size;
	_Atomic int64_t next_ns;        /* slot[1]->wake_ns; lock writes */
} timers = { .next_ns = INT64_MAX };

int64_t timer_next_ns(void)
{
	return atomic_load_explicit(&timers.next_ns, memory_order_relaxed);
}

/* The heap: slot I's children are 4I-2 .. 4I+1 ---------------------------- */

static void place(uint32_t at, struct g *gp)
{
	timers.slot[at] = gp;
	gp->timer_index = at;
}

static void sift_up(uint32_t at, struct g *gp)
{
	while (at > 1) {
		uint32_t up = (at + 2) / ARITY;

		if (timers.slot[up]->wake_ns <= gp->wake_ns)
			break;
		place(at, timers.slot[up]);
		at = up;
	}
	place(at, gp);
}

static uint32_t least_child(uint32_t at)
{
	uint32_t first = at * ARITY - 2;
	uint32_t least = first;

	for (uint32_t i = first + 1; i < first + ARITY; i++)
		if (i <= timers.count &&
		    timers.slot[i]->wake_ns < timers.slot[least]->wake_ns)
			least = i;
	return least;
}

static void sift_down(uint32_t at, struct g *gp)
{
	while (at * ARITY - 2 <= timers.count) {
		uint32_t least = least_child(at);

		if (timers.slot[least]->wake_ns >= gp->wake_ns)
			break;
		place(at, timers.slot[least]);
		at = least;
	}
	place(at, gp);
}

static void note_next(void)
{
	atomic_store(&timers.next_ns,
		     timers.count ? timers.slot[1]->wake_ns : INT64_MAX);
}

static void make_room(void)
{
	uint32_t size = timers.size ? 2 * timers.size : FIRST_SLOTS;
	struct g **slot;

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

/* Off the goroutine's stack: now it may be found. */
static bool insert(struct g *gp, void *arg)
{
	bool earlier;

	(void)arg;
	lock_get(&timers.lock);
	make_room();
	sift_up(++timers.count, gp);
	earlier = timers.slot[1] == gp;
	note_next();
	lock_put(&timers.lock);
	if (earlier)
		sched_timer_earlier();
	return true;
}

/* The first sleeper whose time has come, out of the heap; or NULL. */
static struct g *take_due(int64_t now_ns)
{
	struct g *gp = NULL;

	lock_get(&timers.lock);
	if (timers.count && timers.slot[1]->wake_ns <= now_ns) {
		struct g *last = timers.slot[timers.count--];

		gp = timers.slot[1];
		if (timers.count)
			sift_down(1, last);
		gp->timer_index = 0;
		note_next();
	}
	lock_put(&timers.lock);
	return gp;
}

void timer_run(int64_t now_ns)
{
	struct g *gp;

	while ((gp = take_due(now_ns)) != NULL)
		sched_ready(gp);
}

void pgo_sleep(int64_t ns)
{
	struct g *gp = g_get();
	int64_t now = clock_mono_ns();

	if (!gp)
		fatal_throw("pgo_sleep() on a thread that runs no goroutine");
	if (ns <= 0) {
		pgo_yield();
		return;
	}
	gp->wake_ns = ns > INT64_MAX - now ? INT64_MAX - 1 : now + ns;
	sched_park(insert, NULL, WAIT_SLEEP, NULL);
}
