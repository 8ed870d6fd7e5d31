/*
 * Sleeping.  A goroutine goes into the heap from its park's commit function,
 * when it is off its stack: whoever finds it there may run it at once.
 */
#include <pgo/go.h>

#include "runtime/sched.h"
#include "runtime/timer.h"

static bool add(struct g *gp, void *when_ns)
{
	timer_sleep(gp, (int64_t)when_ns);
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
	sched_park(add, (void *)timer_in(ns), WAIT_SLEEP, NULL);
}
