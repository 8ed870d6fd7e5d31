/*
 * It also reads what somebody looks at alone: a goroutine, a piece of source;
 * disks may be as slow as targets.
 *
 * Three frames at most: shown (the screen's), ready (made, not yet taken) and
 * last (what the next rate is taken against, one of the two or a third that
 * nobody sees).  A frame is freed by whoever drops its last use, under the
 * lock; frames are read without it, for they never change.
 */
#include "pgo-top/collect.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/thread.h"
#include "pgo-top/connect.h"

#define RETRY_MIN_NS INT64_C(500000000)
#define RETRY_MAX_NS INT64_C(5000000000)

/* Something made for the screen: what it looks at, and what comes next. */
struct slot {
	void *shown;
	void *next;             /* NULL: no news */
	void (*free)(void *one);
};

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
	struct slot detail, listing;    /* lock */
	char trouble[252];              /* lock */
	bool rows;                      /* lock: wanted */
	int64_t id;                     /* lock: wanted */
	struct listing_want source;     /* lock: the same */
	bool id_new, source_new;        /* lock: not read yet */
	bool still;                     /* lock: a core, read once */
	int64_t delay_ns;               /* lock */
	bool paused;                    /* lock */
	bool now;                       /* lock */
};

/* Until something is to be done; whether that is a frame, which is due at
 * LAST_NS and the delay or RETRY_NS. */
static bool wait_until(struct collect *c, int64_t last_ns, int64_t retry_ns)
{
	struct timespec ts;
	bool frame = false;
	int64_t due;

	pthread_mutex_lock(&c->lock);
	while (!atomic_load(c->stop) && !c->id_new && !c->source_new) {
		due = last_ns + (retry_ns ? retry_ns : c->delay_ns);
		frame = c->now || (!c->paused && !c->still &&
				   clock_mono_ns() >= due);
		if (frame)
			break;
		if (c->paused || c->still) {
			pthread_cond_wait(&c->changed, &c->lock);
			continue;
		}
		ts.tv_sec = due / 1000000000;
		ts.tv_nsec = due % 1000000000;
		pthread_cond_timedwait(&c->changed, &c->lock, &ts);
	}
	if (frame)
		c->now = false;
	pthread_mutex_unlock(&c->lock);
	return frame;
}

static void wake_screen(struct collect *c)
{
	uint64_t one = 1;

	if (write(c->fd, &one, sizeof(one)) < 0)
		return;         /* full: the screen is woken anyway */
}

/* The new frame, or the trouble, where the screen finds it. */
static void publish(struct collect *c, struct frame *frame,
		    const struct err *e)
{
	pthread_mutex_lock(&c->lock);
	if (frame) {
		c->still = frame->info.dumped_ns != 0;
		/* Last is the screen's while it has not been replaced. */
		if (c->news)
			frame_free(c->last);
		else
			c->shown = c->last;
		c->last = frame;
		c->news = true;
	}
	c->id_new = frame && c->id != SNAP_UNKNOWN;
	snprintf(c->trouble, sizeof(c->trouble), "%s", frame ? "" : e->text);
	pthread_mutex_unlock(&c->lock);
	wake_screen(c);
}

/* The lock is held. */
static void slot_put(struct slot *s, void *one)
{
	if (!one)
		return;
	if (s->next)
		s->free(s->next);
	s->next = one;
}

static void *slot_take(struct slot *s)
{
	if (s->next) {
		if (s->shown)
			s->free(s->shown);
		s->shown = s->next;
		s->next = NULL;
	}
	return s->shown;
}

static void slot_release(struct slot *s)
{
	if (s->next)
		s->free(s->next);
	if (s->shown)
		s->free(s->shown);
}

static void free_detail(void *d)
{
	detail_free(d);
}

/* Reads what somebody looks at. */
static void look(struct collect *c)
{
	struct listing_want source;
	struct listing *listing = NULL;
	struct detail *detail = NULL;
	int64_t id;

	pthread_mutex_lock(&c->lock);
	source = c->source;
	if (!c->source_new)
		source.file[0] = 0;
	id = c->id_new && !c->paused ? c->id : SNAP_UNKNOWN;
	c->id_new = c->source_new = false;
	pthread_mutex_unlock(&c->lock);
	if (source.file[0])
		listing = listing_new(&source);
	if (id != SNAP_UNKNOWN && c->src)
		detail = detail_new(c->src, id);
	if (!listing && !detail)
		return;
	pthread_mutex_lock(&c->lock);
	slot_put(&c->listing, listing);
	slot_put(&c->detail, detail);
	pthread_mutex_unlock(&c->lock);
	wake_screen(c);
}

static int read_once(struct collect *c, struct frame **out, struct err *e)
{
	bool rows;
	int rc = 0;

	pthread_mutex_lock(&c->lock);
	rows = c->rows;
	pthread_mutex_unlock(&c->lock);

	*out = NULL;
	if (!c->src)
		rc = connect_open(&c->src, c->target, c->stop, NULL, e);
	if (rc == 0)
		rc = frame_new(out, c->src, rows, c->last, e);
	if (rc < 0) {
		source_close(c->src);
		c->src = NULL;
	}
	return rc;
}

/* The next frame; when to try again in *RETRY_NS, 0 when it was had. */
static void read_frame(struct collect *c, int64_t *retry_ns)
{
	struct err e = { 0 };
	struct frame *frame;

	if (read_once(c, &frame, &e) == 0)
		*retry_ns = 0;
	else
		*retry_ns = *retry_ns ? *retry_ns * 2 : RETRY_MIN_NS;
	if (*retry_ns > RETRY_MAX_NS)
		*retry_ns = RETRY_MAX_NS;
	publish(c, frame, &e);
}

static void *run(void *arg)
{
	struct collect *c = arg;
	int64_t last_ns = clock_mono_ns(), retry_ns = 0;

	for (;;) {
		bool frame = wait_until(c, last_ns, retry_ns);

		if (atomic_load(c->stop))
			return NULL;
		if (frame) {
			last_ns = clock_mono_ns();
			read_frame(c, &retry_ns);
		}
		look(c);
	}
}

static int start(struct collect *c)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
	return thread_start(&c->thread, 0, run, c);
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
		.still = first->info.dumped_ns != 0,
		.id = SNAP_UNKNOWN,
		.detail = { .free = free_detail }, .listing = { .free = free },
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

void collect_take(struct collect *c, struct collected *out)
{
	uint64_t n;

	if (read(c->fd, &n, sizeof(n)) < 0)
		n = 0;          /* no news; the rest says so too */
	pthread_mutex_lock(&c->lock);
	if (c->news) {
		frame_free(c->shown);
		c->shown = NULL;
		c->news = false;
	}
	out->frame = c->shown ? c->shown : c->last;
	out->detail = slot_take(&c->detail);
	out->listing = slot_take(&c->listing);
	snprintf(out->trouble, sizeof(out->trouble), "%s", c->trouble);
	pthread_mutex_unlock(&c->lock);
}

void collect_want(struct collect *c, bool rows, int64_t id,
		  const struct listing_want *source)
{
	pthread_mutex_lock(&c->lock);
	if (rows && !c->rows && c->last->folded)
		c->now = true;
	c->rows = rows;
	if (c->id != id) {
		c->id = id;
		c->id_new = id != SNAP_UNKNOWN;
	}
	if (c->source.line != source->line ||
	    strcmp(c->source.file, source->file) != 0) {
		c->source = *source;
		c->source_new = true;
	}
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
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
	slot_release(&c->detail);
	slot_release(&c->listing);
	close(c->fd);
	free(c);
}
