/*
 * Sleeping.  A goroutine goes into the heap from its park's commit function,
 * when it is off its stack: whoever finds it there may run it at once.
 */
#include <pgo/go.h>

#include <stddef.h>

#include "runtime/sched.h"

static void wake(struct timer *t, int64_t now_ns)
{
	(void)now_ns;
	sched_ready((struct g *)((char *)t - offsetof(struct g, sleep)));
}

static bool add(struct g *gp, void *arg)
{
	(void)arg;
	timer_add(&gp->sleep);
	return true;
}

/* A thread of the program's. */
static void sleep_thread(int64_t ns)
{
	struct note never = { 0 };

	note_wait(&never, timer_in(ns));
}

void pgo_sleep(int64_t ns)
{
	struct g *gp = g_get();

	if (ns <= 0) {
		pgo_yield();
		return;
	}
	if (!gp) {
		sleep_thread(ns);
		return;
	}
	gp->sleep.fire = wake;
	gp->sleep.when_ns = timer_in(ns);
	sched_park(add, NULL, WAIT_SLEEP, NULL);
}
