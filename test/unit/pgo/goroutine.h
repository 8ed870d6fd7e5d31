/*
 * Goroutines for tests whose asserts must stay on the main thread.
 *
 * pgo_run() runs once in a process, on a thread of its own, for as long as the
 * tests do; the main thread is a foreign one to it and hands it functions.
 */
#ifndef PGO_TEST_GOROUTINE_H
#define PGO_TEST_GOROUTINE_H

#include <pthread.h>
#include <stdlib.h>

#include <pgo/pgo.h>

static struct {
	pthread_t thread;
	struct pgo_chan *begun, *over, *done;
	int rc;                         /* of pgo_run() */
} world;

static void world_stays(void *arg)
{
	char c = 0;

	(void)arg;
	pgo_chan_send(world.begun, &c);
	pgo_chan_recv(world.over, &c);
	/* Who has told that it is done may still be on its way out. */
	for (int i = 0; i < 1000 && pgo_numgoroutine() > 1; i++)
		pgo_sleep(1000000);
}

static void *world_main(void *arg)
{
	(void)arg;
	world.rc = pgo_run(world_stays, NULL);
	return NULL;
}

/* Group setup and teardown. */
static int world_begin(void **state)
{
	char c;

	(void)state;
	world.begun = pgo_chan_make(1, 0);
	world.over = pgo_chan_make(1, 0);
	world.done = pgo_chan_make(1, 0);
	if (!world.begun || !world.over || !world.done ||
	    pthread_create(&world.thread, NULL, world_main, NULL))
		return -1;
	return pgo_chan_recv(world.begun, &c);
}

static int world_end(void **state)
{
	char c = 0;

	(void)state;
	pgo_chan_send(world.over, &c);
	pthread_join(world.thread, NULL);
	return world.rc;
}

struct errand {
	void (*fn)(void *);
	void *arg;
};

static void errand_main(void *arg)
{
	struct errand *e = arg;
	char c = 0;

	e->fn(e->arg);
	pgo_chan_send(world.done, &c);
}

/* Calls FN(ARG) on a goroutine with options O and waits until it has
 * returned. */
static __attribute__((unused)) void
on_goroutine_as(const struct pgo_go_opts *o, void (*fn)(void *), void *arg)
{
	struct errand e = { fn, arg };
	char c;

	if (pgo_go_opts(o, errand_main, &e) < 0)
		abort();
	pgo_chan_recv(world.done, &c);
}

static __attribute__((unused)) void on_goroutine(void (*fn)(void *), void *arg)
{
	on_goroutine_as(NULL, fn, arg);
}

#endif
