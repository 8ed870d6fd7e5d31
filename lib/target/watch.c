/*
 * One lock, one thread, one job at a time.  The owner and the thread each hold
 * a reference to the struct, and the last one to let go frees it: the thread
 * alone touches CTX once it was left behind.
 *
 * A page that never answers holds a thread in a system call that no signal
 * ends; a thread that is busy is not stuck, so its CPU time counts as progress
 * like the beats do.
 */
#include "lib/target/watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/thread.h"

enum { LOOK_MS = 20 };          /* between two looks at the stop flag */

struct watch {
	pthread_mutex_t lock;
	pthread_cond_t changed;         /* on the monotonic clock */
	pthread_t thread;
	clockid_t cpu;
	void *ctx;
	void (*release)(void *ctx);
	atomic_bool stop;
	_Atomic(const _Atomic uint64_t *) beats;
	/* lock: */
	watch_fn *fn;                   /* to be run; NULL: none */
	struct err err;
	int rc;
	bool done, quit, left;          /* left behind */
	int refs;
};

static void put(struct watch *w)
{
	int left;

	pthread_mutex_lock(&w->lock);
	left = --w->refs;
	pthread_mutex_unlock(&w->lock);
	if (left)
		return;
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void *work(void *arg)
{
	struct watch *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct err e = { 0 };
		watch_fn *fn = w->fn;
		int rc;

		if (w->quit)
			break;
		if (!fn || w->done) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		rc = fn(w->ctx, &e);
		pthread_mutex_lock(&w->lock);
		w->err = e;
		w->rc = rc;
		w->done = true;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	w->release(w->ctx);
	put(w);
	return NULL;
}

int watch_new(struct watch **out, void *ctx, void (*release)(void *ctx))
{
	struct watch *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;
	int rc;

	if (!w)
		return -ENOMEM;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
	w->ctx = ctx;
	w->release = release;
	w->refs = 2;
	rc = thread_start(&w->thread, 0, work, w);
	if (rc < 0) {
		w->refs = 1;
		put(w);
		return rc;
	}
	if (pthread_getcpuclockid(w->thread, &w->cpu) != 0)
		w->cpu = CLOCK_MONOTONIC_COARSE;
	*out = w;
	return 0;
}

/* Something that changes as long as the work goes on. */
static uint64_t progress(struct watch *w)
{
	const _Atomic uint64_t *beats = atomic_load(&w->beats);

	return (beats ? atomic_load(beats) : 0) * UINT64_C(1000000007) +
	       (uint64_t)clock_ns(w->cpu);
}

static void wait_a_little(struct watch *w)
{
	int64_t until = clock_mono_ns() + LOOK_MS * INT64_C(1000000);
	struct timespec ts = { until / 1000000000, until % 1000000000 };

	pthread_cond_timedwait(&w->changed, &w->lock, &ts);
}

/* Waits until it is done; false when it is stuck. */
static bool wait_done(struct watch *w, int patience_ms,
		      const atomic_bool *stop)
{
	int64_t moved_ns = clock_mono_ns();
	uint64_t last = progress(w);

	while (!w->done) {
		uint64_t now;

		wait_a_little(w);
		if (stop && atomic_load(stop))
			atomic_store(&w->stop, true);
		now = progress(w);
		if (now != last)
			moved_ns = clock_mono_ns();
		last = now;
		if (clock_mono_ns() - moved_ns >
		    patience_ms * INT64_C(1000000))
			return w->done;
	}
	return true;
}

int watch_run(struct watch *w, watch_fn *fn, const char *name,
	      int patience_ms, const atomic_bool *stop, struct err *e)
{
	int rc;

	pthread_mutex_lock(&w->lock);
	if (!w->left || w->done) {
		w->fn = fn;
		w->done = false;
		atomic_store(&w->beats, NULL);
		pthread_cond_broadcast(&w->changed);
		w->left = !wait_done(w, patience_ms, stop);
	}
	if (w->left) {
		rc = err_say(e, -ETIMEDOUT, "%s: its memory does not answer "
			     "(a page that is never filled in, or a dead "
			     "file server)", name);
	} else {
		rc = w->rc;
		if (e)
			*e = w->err;
	}
	pthread_mutex_unlock(&w->lock);
	return rc;
}

void watch_beats(struct watch *w, const _Atomic uint64_t *beats)
{
	atomic_store(&w->beats, beats);
}

const atomic_bool *watch_stop(struct watch *w)
{
	return &w->stop;
}

void watch_free(struct watch *w)
{
	pthread_t thread;
	bool left;

	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	thread = w->thread;
	left = w->left && !w->done;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	if (left)
		pthread_detach(thread);
	else
		pthread_join(thread, NULL);
	put(w);
}
