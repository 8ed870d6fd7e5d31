/*
 * A name server takes its time, and a thread that asks one cannot be stopped.
 * So where there is a deadline a thread of its own asks: at the deadline
 * whoever wants to know leaves without it, and the last of both cleans up.
 * Go does so with a goroutine (net/cgo_unix.go); a goroutine that dials may
 * have no room on its stack for so much, and its thread waits anyway.
 */
#include "runtime/net/lookup.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/base/clock.h"
#include "lib/base/thread.h"
#include "runtime/lock.h"
#include "runtime/slab.h"

/* As an M's, where who has no deadline asks: name services are libraries. */
enum { STACK_BYTES = 1 << 20 };

struct question {
	struct addrs found;
	struct place place;
	int error;
	struct note answered;   /* found and error are there */
	_Atomic int users;
};

static void put(struct question *q)
{
	if (atomic_fetch_sub(&q->users, 1) == 1)
		slab_free(q, sizeof(*q));
}

static void *ask(void *arg)
{
	struct question *q = arg;

	q->error = addrs_look_up(&q->found, &q->place, false);
	note_wake(&q->answered);
	put(q);
	return NULL;
}

static int begin_asking(struct question *q)
{
	pthread_t thread;
	int rc = thread_start(&thread, STACK_BYTES, ask, q);

	if (rc)
		put(q);
	else
		pthread_detach(thread);
	return rc;
}

static int look_up_until(struct addrs *out, const struct place *place,
			 int64_t deadline_ns)
{
	struct question *q;
	int rc;

	/* Below 0 too, which note_wait() takes for never. */
	if (deadline_ns <= clock_mono_ns())
		return -ETIMEDOUT;
	q = slab_new(sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->found = *out;
	q->place = *place;
	q->answered = (struct note){ 0 };
	q->users = 2;
	rc = begin_asking(q);
	if (!rc && !note_wait(&q->answered, deadline_ns))
		rc = -ETIMEDOUT;
	if (!rc) {
		rc = q->error;
		*out = q->found;
	}
	put(q);
	return rc;
}

int lookup(struct addrs *out, const char *net, const char *text,
	   int64_t deadline_ns)
{
	struct place place;
	int rc = addrs_read(out, &place, net, text, false);

	if (rc != ADDRS_NAME)
		return rc;
	return deadline_ns ? look_up_until(out, &place, deadline_ns) :
			     addrs_look_up(out, &place, false);
}
