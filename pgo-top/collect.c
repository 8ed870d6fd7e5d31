/*
 * Three frames at most: shown (the screen's), ready (made, not yet taken) and
 * last (what the next rate is taken against, one of the two or a third that
 * nobody sees).  A frame is freed by whoever drops its last use, under the
 * lock; frames are read without it, for they never change.
 */
#include "pgo-top/collect.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "pgo-top/connect.h"

#define RETRY_MIN_NS INT64_C(500000000)
#define RETRY_MAX_NS INT64_C(5000000000)

struct collect {
	const char *target;
	struct source *src;             /* thread only; NULL: to be opened */
	pthread_t thread;
	atomic_bool *stop;
	int fd;                         /* eventfd: news */

	pthread_mutex_t lock;
	pthread_cond_t changed;         /* pace or stop */
	struct frame *shown;            /* lock; NULL: the same as last */
	struct frame *last;             /* lock; never NULL */
	bool news;                      /* lock: last is not taken yet */
	char trouble[252];              /* lock */
	int64_t delay_ns;               /* lock */
	bool paused;                    /* lock */
	bool now;                       /* lock */
};

/* Until it is time to read again: DUE, or what the user wants. */
static void wait_until(struct collect *c, int64_t last_ns, int64_t retry_ns)
{
	struct timespec ts;
	int64_t due;

	pthread_mutex_lock(&c->lock);
	while (!atomic_load(c->stop) && !c->now) {
		due = last_ns + (retry_ns ? retry_ns : c->delay_ns);
		if (c->paused) {
			pthread_cond_wait(&c->changed, &c->lock);
			continue;
		}
		if (clock_mono_ns() >= due)
			break;
		ts.tv_sec = due / 1000000000;
		ts.tv_nsec = due % 1000000000;
		pthread_cond_timedwait(&c->changed, &c->lock, &ts);
	}
	c->now = false;
	pthread_mutex_unlock(&c->lock);
}

/* The new frame, or the trouble, where the screen finds it. */
static void publish(struct collect *c, struct frame *frame,
		    const struct err *e)
{
	uint64_t one = 1;

	pthread_mutex_lock(&c->lock);
	if (frame) {
		/* Last is the screen's while it has not been replaced. */
		if (c->news)
			frame_free(c->last);
		else
			c->shown = c->last;
		c->last = frame;
		c->news = true;
	}
	snprintf(c->trouble, sizeof(c->trouble), "%s", frame ? "" : e->text);
	pthread_mutex_unlock(&c->lock);
	if (write(c->fd, &one, sizeof(one)) < 0)
		return;         /* full: the screen is woken anyway */
}

static int read_once(struct collect *c, struct frame **out, struct err *e)
{
	int rc = 0;

	*out = NULL;
	if (!c->src)
		rc = connect_open(&c->src, c->target, c->stop, NULL, e);
	if (rc == 0)
		rc = frame_new(out, c->src, c->last, e);
	if (rc < 0) {
		source_close(c->src);
		c->src = NULL;
	}
	return rc;
}

static void *run(void *arg)
{
	struct collect *c = arg;
	int64_t last_ns = clock_mono_ns(), retry_ns = 0;
	struct frame *frame;

	for (;;) {
		struct err e = { 0 };

		wait_until(c, last_ns, retry_ns);
		if (atomic_load(c->stop))
			return NULL;
		last_ns = clock_mono_ns();
		if (read_once(c, &frame, &e) == 0)
			retry_ns = 0;
		else
			retry_ns = retry_ns ? retry_ns * 2 : RETRY_MIN_NS;
		if (retry_ns > RETRY_MAX_NS)
			retry_ns = RETRY_MAX_NS;
		publish(c, frame, &e);
	}
}

static int start(struct collect *c)
{
	pthread_condattr_t attr;
	sigset_t all, old;
	int rc;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = -pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

int collect_begin(struct collect **out, const char *target,
		  struct source *src, struct frame *first, int64_t delay_ns,
		  atomic_bool *stop, struct err *e)
{
	struct collect *c = calloc(1, sizeof(*c));
	int rc;

	if (!c)
		return err_set(e, -ENOMEM, "%s", target);
	*c = (struct collect){
		.target = target, .src = src, .last = first,
		.delay_ns = delay_ns, .stop = stop,
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
	};
	rc = c->fd < 0 ? -errno : start(c);
	if (rc < 0) {
		close(c->fd);
		free(c);
		return err_set(e, rc, "%s: thread", target);
	}
	*out = c;
	return 0;
}

int collect_fd(const struct collect *c)
{
	return c->fd;
}

const struct frame *collect_take(struct collect *c, char *trouble,
				 size_t trouble_bytes)
{
	const struct frame *frame;
	uint64_t n;

	if (read(c->fd, &n, sizeof(n)) < 0)
		n = 0;          /* no news; the rest says so too */
	pthread_mutex_lock(&c->lock);
	if (c->news) {
		frame_free(c->shown);
		c->shown = NULL;
		c->news = false;
	}
	frame = c->shown ? c->shown : c->last;
	snprintf(trouble, trouble_bytes, "%s", c->trouble);
	pthread_mutex_unlock(&c->lock);
	return frame;
}

void collect_pace(struct collect *c, int64_t delay_ns, bool paused, bool now)
{
	pthread_mutex_lock(&c->lock);
	c->delay_ns = delay_ns;
	c->paused = paused;
	c->now |= now;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

void collect_end(struct collect *c)
{
	pthread_mutex_lock(&c->lock);
	atomic_store(c->stop, true);
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	source_close(c->src);
	frame_free(c->shown);
	frame_free(c->last);
	close(c->fd);
	free(c);
}
