/*
 * descent - a goroutine goes FRAMES calls deep and comes back; a plain thread
 * watches it in the view.
 *
 * usage: descent FRAMES
 *
 * Says, a line each: first segment, frames unharmed, most segments seen, bytes
 * of stack at last, the process's memory before, at the bottom, after, and how
 * much of it was in huge pages at the bottom.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <pgo/pgo.h>

#include "runtime/view.h"
#include "test/rss.h"

enum { NAP_NS = 300000000, LAST_NAP_NAPS = 12 };

static long frames, good;
static long rss_before, rss_bottom, rss_after, huge_bottom;
static _Atomic int64_t deep_id;
static _Atomic int over;
static uint64_t first_bytes, last_bytes;        /* the watcher's */
static uint32_t most_segments;                  /* the watcher's */
static struct pgo_waitgroup done;

/* Not in a frame of the descent. */
static __attribute__((noipa)) void at_the_bottom(void)
{
	pgo_sleep(NAP_NS);
	rss_bottom = rss_bytes();
	huge_bottom = rss_huge_bytes();
}

static __attribute__((noipa)) long descend(long left)
{
	volatile uint64_t pattern[4];
	uint64_t key = (uint64_t)left * 0x9e3779b97f4a7c15u;
	long whole = 1, below = 0;
	int i;

	for (i = 0; i < 4; i++)
		pattern[i] = key + (uint64_t)i;
	if (left > 1)
		below = descend(left - 1);
	else
		at_the_bottom();
	for (i = 0; i < 4; i++)
		whole &= pattern[i] == key + (uint64_t)i;
	return below + whole;
}

static void deep(void *arg)
{
	(void)arg;
	atomic_store(&deep_id, pgo_goid());
	pgo_sleep(NAP_NS);
	good = descend(frames);
	/* Spare segments go when two looks, a second apart, find them so. */
	for (int i = 0; i < LAST_NAP_NAPS; i++)
		pgo_sleep(NAP_NS);
	pgo_waitgroup_done(&done);
}

static void look(void)
{
	static uint64_t pcs[16];
	struct view_g g;

	for (uint32_t slot = 0; slot < pgo_view_1.slots(); slot++) {
		if (pgo_view_1.goroutine(slot, &g, pcs, 16) < 0 ||
		    g.id != atomic_load(&deep_id) || !g.segments)
			continue;
		if (!first_bytes)
			first_bytes = g.stack_bytes;
		if (g.segments > most_segments)
			most_segments = g.segments;
		last_bytes = g.stack_bytes;
	}
}

static void *watch(void *arg)
{
	struct timespec pause = { .tv_nsec = 20000000 };

	(void)arg;
	while (!atomic_load(&over)) {
		if (atomic_load(&deep_id))
			look();
		nanosleep(&pause, NULL);
	}
	return NULL;
}

static void start(void *arg)
{
	(void)arg;
	rss_before = rss_bytes();
	pgo_waitgroup_add(&done, 1);
	if (pgo_go(deep, NULL) < 0)
		exit(1);
	pgo_waitgroup_wait(&done);
	rss_after = rss_bytes();
}

int main(int argc, char **argv)
{
	pthread_t watcher;

	frames = argc > 1 ? atol(argv[1]) : 1;
	if (pthread_create(&watcher, NULL, watch, NULL) || pgo_run(start, NULL))
		return 1;
	atomic_store(&over, 1);
	pthread_join(watcher, NULL);
	printf("first_bytes %lu\ngood %ld\nmost_segments %u\nlast_bytes %lu\n"
	       "rss_before %ld\nrss_bottom %ld\nrss_after %ld\n"
	       "huge_bottom %ld\n",
	       first_bytes, good, most_segments, last_bytes, rss_before,
	       rss_bottom, rss_after, huge_bottom);
	return 0;
}
