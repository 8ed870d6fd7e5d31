/*
 * Channels.
 *
 * One lock each.  A sender that finds a receiver waiting copies its element
 * straight to where the receiver wants it, and the other way round: the buffer
 * is passed by, and the woken side has nothing left to do.  That works because
 * stacks of goroutines never move.
 *
 * Invariants, under the lock:
 *   count <= cap
 *   receivers wait  =>  count == 0,    senders wait  =>  count == cap
 *   closed          =>  no senders wait
 */
#include <pgo/chan.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "runtime/fatal.h"
#include "runtime/slab.h"
#include "runtime/waiter.h"

struct pgo_chan {
	struct lock lock;       /* everything below but the two constants */
	bool closed;
	size_t elem_bytes;      /* constant */
	size_t cap;             /* constant */
	size_t count;           /* elements in the buffer */
	size_t head;            /* the oldest one */
	struct waitq senders;
	struct waitq receivers;
	char buffer[];
};

struct pgo_chan *pgo_chan_make(size_t elem_bytes, size_t cap)
{
	struct pgo_chan *c;
	size_t bytes;

	if (__builtin_mul_overflow(elem_bytes, cap, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*c), &bytes))
		return NULL;
	c = slab_new(bytes);
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->elem_bytes = elem_bytes;
	c->cap = cap;
	return c;
}

void pgo_chan_free(struct pgo_chan *c)
{
	if (!c)
		return;
	lock_get(&c->lock);
	if (c->senders.first || c->receivers.first)
		fatal_panic("pgo_chan_free() of a channel somebody waits on");
	slab_free(c, sizeof(*c) + c->elem_bytes * c->cap);
}

size_t pgo_chan_len(const struct pgo_chan *c)
{
	return c ? __atomic_load_n(&c->count, __ATOMIC_RELAXED) : 0;
}

size_t pgo_chan_cap(const struct pgo_chan *c)
{
	return c ? c->cap : 0;
}

/* The buffer: lock held --------------------------------------------------- */

static void *element(struct pgo_chan *c, size_t number)
{
	size_t i = c->head + number;

	return c->buffer + (i >= c->cap ? i - c->cap : i) * c->elem_bytes;
}

static void copy(struct pgo_chan *c, void *to, const void *from)
{
	if (to && from)
		memcpy(to, from, c->elem_bytes);
}

static void push(struct pgo_chan *c, const void *elem)
{
	copy(c, element(c, c->count), elem);
	c->count++;
}

static void pop(struct pgo_chan *c, void *elem)
{
	copy(c, elem, element(c, 0));
	c->head = c->head + 1 == c->cap ? 0 : c->head + 1;
	c->count--;
}

/* Sending ----------------------------------------------------------------- */

/* What can be done at once: 0, or -EAGAIN with the lock still held. */
static int send_now(struct pgo_chan *c, const void *elem)
{
	struct waiter *w;

	if (c->closed) {
		lock_put(&c->lock);
		fatal_panic("send on closed channel");
	}
	w = waitq_get(&c->receivers);
	if (w) {
		copy(c, w->elem, elem);
		w->ok = true;
	} else if (c->count < c->cap) {
		push(c, elem);
	} else {
		return -EAGAIN;
	}
	lock_put(&c->lock);
	if (w)
		waiter_wake(w);
	return 0;
}

/* A channel that is not there: nobody will ever come. */
static void wait_for_ever(enum wait_reason reason)
{
	struct waiter w = { .g = g_get() };
	struct lock lock = { 0 };

	for (;;) {
		lock_get(&lock);
		waiter_sleep(&w, &lock, reason, NULL);
	}
}

int pgo_chan_send(struct pgo_chan *c, const void *elem)
{
	struct waiter w = { .g = g_get(), .elem = (void *)(uintptr_t)elem };

	sched_point();
	if (!c)
		wait_for_ever(WAIT_CHAN_SEND_NIL);
	lock_get(&c->lock);
	if (!send_now(c, elem))
		return 0;
	waitq_put(&c->senders, &w);
	waiter_sleep(&w, &c->lock, WAIT_CHAN_SEND, c);
	if (!w.ok)
		fatal_panic("send on closed channel");
	return 0;
}

int pgo_chan_trysend(struct pgo_chan *c, const void *elem)
{
	int rc;

	if (!c)
		return -EAGAIN;
	lock_get(&c->lock);
	rc = send_now(c, elem);
	if (rc)
		lock_put(&c->lock);
	return rc;
}

/* Receiving --------------------------------------------------------------- */

/* The oldest element, and room for a sender that waits. */
static struct waiter *receive_buffered(struct pgo_chan *c, void *elem)
{
	struct waiter *w;

	pop(c, elem);
	w = waitq_get(&c->senders);
	if (w)
		push(c, w->elem);
	return w;
}

static int receive_closed(struct pgo_chan *c, void *elem)
{
	lock_put(&c->lock);
	if (elem)
		memset(elem, 0, c->elem_bytes);
	return -EPIPE;
}

/* 0, -EPIPE, or -EAGAIN with the lock still held. */
static int receive_now(struct pgo_chan *c, void *elem)
{
	struct waiter *w = NULL;

	if (c->count) {
		w = receive_buffered(c, elem);
	} else if (c->senders.first) {
		w = waitq_get(&c->senders);
		copy(c, elem, w->elem);
	} else {
		return c->closed ? receive_closed(c, elem) : -EAGAIN;
	}
	if (w)
		w->ok = true;
	lock_put(&c->lock);
	if (w)
		waiter_wake(w);
	return 0;
}

int pgo_chan_recv(struct pgo_chan *c, void *elem)
{
	struct waiter w = { .g = g_get(), .elem = elem };
	int rc;

	sched_point();
	if (!c)
		wait_for_ever(WAIT_CHAN_RECEIVE_NIL);
	lock_get(&c->lock);
	rc = receive_now(c, elem);
	if (rc != -EAGAIN)
		return rc;
	waitq_put(&c->receivers, &w);
	waiter_sleep(&w, &c->lock, WAIT_CHAN_RECEIVE, c);
	return w.ok ? 0 : -EPIPE;
}

int pgo_chan_tryrecv(struct pgo_chan *c, void *elem)
{
	int rc;

	if (!c)
		return -EAGAIN;
	lock_get(&c->lock);
	rc = receive_now(c, elem);
	if (rc == -EAGAIN)
		lock_put(&c->lock);
	return rc;
}

/* Closing ----------------------------------------------------------------- */

/* Everyone who waits, as one list: receivers, whose elements are zeroed, then
 * senders, who will die of it.  Lock held. */
static struct waiter *detach_all(struct pgo_chan *c)
{
	struct waiter *all = c->receivers.first;

	for (struct waiter *w = all; w; w = w->next)
		if (w->elem)
			memset(w->elem, 0, c->elem_bytes);
	if (all)
		c->receivers.last->next = c->senders.first;
	else
		all = c->senders.first;
	c->receivers = (struct waitq){ 0 };
	c->senders = (struct waitq){ 0 };
	return all;
}

void pgo_chan_close(struct pgo_chan *c)
{
	struct waiter *w;
	struct waiter *next;

	if (!c)
		fatal_panic("close of nil channel");
	lock_get(&c->lock);
	if (c->closed) {
		lock_put(&c->lock);
		fatal_panic("close of closed channel");
	}
	c->closed = true;
	w = detach_all(c);
	lock_put(&c->lock);
	for (; w; w = next) {
		next = w->next;
		waiter_wake(w);
	}
}
