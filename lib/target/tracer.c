/*
 * A thread that waits for requests, and holds what it has seized; see stop.c.
 *
 * One that does not stop (it sleeps in the kernel, not to be disturbed) cannot
 * be detached either.  The end of the tracing thread is what lets it go.
 *
 * What is read of a frozen target may be what only the target itself can fill
 * in (userfaultfd(2), a file system of its own): then both would wait for ever.
 * So threads are held only as long as reading goes on.
 */
#include "lib/target/tracer.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/thread.h"
#include "lib/target/procs.h"
#include "lib/target/stop.h"

enum {
	THREADS_MAX = 1 << 16,
	STACK_BYTES = 128 << 10,
	HOLD_MS = 1500,         /* without a read; less than who reads waits */
	LOOK_MS = 100,
};

#define REGS_NS (50 * INT64_C(1000000))
#define FREEZE_NS (1000 * INT64_C(1000000))

enum request { NOTHING, FREEZE, REGS, END };

struct tracer {
	pthread_t thread;
	pid_t pid;
	pthread_mutex_t lock;   /* of all below but seized */
	pthread_cond_t changed;
	enum request request;   /* NOTHING again when it is answered */
	pid_t tid;              /* of REGS */
	struct space_regs *out;
	int rc;
	bool ended;             /* it has let go by itself */

	const _Atomic uint64_t *reads;
	pid_t *seized;          /* ascending; the tracing thread's, as below */
	size_t count;
	bool frozen;
};

static int by_tid(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Freezing ---------------------------------------------------------------- */

/* Interrupts those of N threads that are not in t->seized yet, and appends
 * them; how many, or -E.  One that has ended is none. */
static int seize_new(struct tracer *t, const pid_t *tids, size_t n)
{
	size_t known = t->count;

	for (size_t i = 0; i < n && t->count < THREADS_MAX; i++) {
		int rc;

		if (bsearch(&tids[i], t->seized, known, sizeof(*tids), by_tid))
			continue;
		rc = stop_ask(tids[i]);
		if (rc == 0)
			t->seized[t->count++] = tids[i];
		else if (rc != -ESRCH)
			return rc;
	}
	return (int)(t->count - known);
}

static int wait_all(struct tracer *t, size_t from, int64_t deadline)
{
	int signal, rc;

	for (size_t i = from; i < t->count; i++) {
		rc = stop_wait(t->seized[i], deadline, &signal, NULL);
		if (rc == -EBUSY)
			return rc;
	}
	return 0;
}

/* A thread that was not stopped yet may have made another: until a look finds
 * none that is new. */
static int freeze_all(struct tracer *t, pid_t *tids)
{
	int64_t deadline = clock_mono_ns() + FREEZE_NS;
	size_t known;
	ssize_t n;
	int rc;

	do {
		known = t->count;
		n = procs_threads(t->pid, tids, THREADS_MAX);
		if (n < 0)
			return (int)n;
		if (n > THREADS_MAX)
			return -E2BIG;
		rc = seize_new(t, tids, (size_t)n);
		if (rc > 0 && wait_all(t, known, deadline) < 0)
			return -EBUSY;
		qsort(t->seized, t->count, sizeof(*tids), by_tid);
	} while (rc > 0 && clock_mono_ns() < deadline);
	if (rc <= 0)
		return rc;
	return -EBUSY;
}

static int freeze(struct tracer *t)
{
	pid_t *tids = malloc(THREADS_MAX * sizeof(*tids));
	int rc = -ENOMEM;

	t->seized = malloc(THREADS_MAX * sizeof(*tids));
	if (tids && t->seized)
		rc = freeze_all(t, tids);
	t->frozen = rc == 0;
	free(tids);
	return rc;
}

static int interrupted_regs(pid_t tid, struct space_regs *out)
{
	int signal = 0;
	int rc = stop_ask(tid);

	if (rc == 0)
		rc = stop_wait(tid, clock_mono_ns() + REGS_NS, &signal,
			       NULL);
	if (rc < 0)
		return rc;
	rc = stop_regs(tid, out);
	stop_end(tid, signal);
	return rc;
}

/* The thread -------------------------------------------------------------- */

static int answer(struct tracer *t)
{
	if (t->request == FREEZE)
		return freeze(t);
	if (t->frozen)
		return stop_regs(t->tid, t->out);
	return interrupted_regs(t->tid, t->out);
}

/* Waits for a request; ends it all when nobody reads what stands still. */
static void wait_request(struct tracer *t)
{
	int64_t moved_ns = clock_mono_ns();
	uint64_t last = atomic_load(t->reads), now;

	while (t->request == NOTHING && !t->ended) {
		int64_t at = clock_mono_ns() + LOOK_MS * INT64_C(1000000);
		struct timespec ts = { at / 1000000000, at % 1000000000 };

		if (!t->frozen) {
			pthread_cond_wait(&t->changed, &t->lock);
			continue;
		}
		pthread_cond_clockwait(&t->changed, &t->lock, CLOCK_MONOTONIC,
				       &ts);
		now = atomic_load(t->reads);
		if (now != last)
			moved_ns = clock_mono_ns();
		last = now;
		t->ended = clock_mono_ns() - moved_ns >
			   HOLD_MS * INT64_C(1000000);
	}
}

static void *trace(void *arg)
{
	struct tracer *t = arg;

	pthread_mutex_lock(&t->lock);
	while (t->request != END && !t->ended) {
		if (t->request == NOTHING) {
			wait_request(t);
			continue;
		}
		t->rc = answer(t);
		t->request = NOTHING;
		pthread_cond_broadcast(&t->changed);
	}
	/* Somebody may just have asked. */
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

static int ask(struct tracer *t, enum request what)
{
	int rc;

	pthread_mutex_lock(&t->lock);
	t->request = what;
	pthread_cond_broadcast(&t->changed);
	while (t->request == what && !t->ended)
		pthread_cond_wait(&t->changed, &t->lock);
	rc = t->ended ? -EBUSY : t->rc;
	pthread_mutex_unlock(&t->lock);
	return rc;
}

int tracer_freeze(struct tracer *t)
{
	return ask(t, FREEZE);
}

int tracer_regs(struct tracer *t, pid_t tid, struct space_regs *out)
{
	t->tid = tid;
	t->out = out;
	return ask(t, REGS);
}

int tracer_start(struct tracer **out, pid_t pid,
		 const _Atomic uint64_t *reads)
{
	struct tracer *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return -ENOMEM;
	t->pid = pid;
	t->reads = reads;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->changed, NULL);
	rc = thread_start(&t->thread, STACK_BYTES, trace, t);
	if (rc < 0) {
		free(t);
		return rc;
	}
	*out = t;
	return 0;
}

int tracer_end(struct tracer *t)
{
	bool ended;

	if (!t)
		return 0;
	pthread_mutex_lock(&t->lock);
	ended = t->ended;
	t->request = END;
	pthread_cond_broadcast(&t->changed);
	pthread_mutex_unlock(&t->lock);
	pthread_join(t->thread, NULL);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->changed);
	free(t->seized);
	free(t);
	return ended ? -EBUSY : 0;
}
