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
#include <pgo/timer.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "runtime/chan.h"
#include "runtime/fatal.h"
#include "runtime/slab.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

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

void chan_free(struct pgo_chan *c)
{
	lock_get(&c->lock);
	if (waitq_has(&c->senders) || waitq_has(&c->receivers))
		fatal_panic("pgo_chan_free() of a channel somebody waits on");
	slab_free(c, sizeof(*c) + c->elem_bytes * c->cap);
}

void pgo_chan_free(struct pgo_chan *c)
{
	if (c && c->timer)
		pgo_timer_free(c->timer);
	else if (c)
		chan_free(c);
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

static inline void *element(struct pgo_chan *c, size_t number)
{
	size_t i = c->head + number;

	return c->buffer + (i >= c->cap ? i - c->cap : i) * c->elem_bytes;
}

static inline void copy(struct pgo_chan *c, void *to, const void *from)
{
	if (!to || !from)
		return;
	/* A pointer or a number, mostly. */
	if (c->elem_bytes == sizeof(uint64_t))
		__builtin_memcpy(to, from, sizeof(uint64_t));
	else
		memcpy(to, from, c->elem_bytes);
}

/* In the buffer an element is one by one its sender's and its receiver's. */
static inline void copy_buffered(struct pgo_chan *c, void *to, const void *from,
				 const void *slot)
{
	fiber_acquire(slot);
	copy(c, to, from);
	fiber_release(slot);
}

static inline void push(struct pgo_chan *c, const void *elem)
{
	void *slot = element(c, c->count);

	copy_buffered(c, slot, elem, slot);
	c->count++;
}

static inline void pop(struct pgo_chan *c, void *elem)
{
	void *slot = element(c, 0);

	copy_buffered(c, elem, slot, slot);
	c->head = c->head + 1 == c->cap ? 0 : c->head + 1;
	c->count--;
}

/* The first in Q who waits, off it: what it did before it waited comes before
 * what the caller does. */
static inline struct waiter *partner(struct waitq *q)
{
	struct waiter *w = waitq_get(q);

	if (w)
		fiber_acquire(w);
	return w;
}

/* The lock is held, and dropped when it returns: whether there was a partner,
 * or the channel was closed.  Not inlined: who need not wait pays for no
 * waiter, and senders and receivers that switch to each other wait in one place
 * (amd64/switch.S). */
static __attribute__((noinline)) bool wait_in(struct waitq *q,
					      struct pgo_chan *c, void *elem,
					      enum wait_reason reason)
{
	struct waiter w;

	waiter_init(&w, elem);
	waitq_put(q, &w);
	fiber_release(&w);
	waiter_sleep(&w, &c->lock, reason, c);
	return w.ok;
}

/* Sending ----------------------------------------------------------------- */

bool chan_can_send(struct pgo_chan *c)
{
	return c->closed || c->count < c->cap || waitq_has(&c->receivers);
}

static ALWAYS_INLINE int send_now(struct pgo_chan *c, const void *elem,
				  struct waiter **wake)
{
	struct waiter *w;

	*wake = NULL;
	if (c->closed)
		return -EPIPE;
	w = partner(&c->receivers);
	if (w) {
		copy(c, w->elem, elem);
		w->ok = true;
		*wake = w;
	} else if (c->count < c->cap) {
		push(c, elem);
	} else {
		return -EAGAIN;
	}
	return 0;
}

int chan_send_now(struct pgo_chan *c, const void *elem, struct waiter **wake)
{
	return send_now(c, elem, wake);
}

/* The same with its lock dropped and the partner woken, unless it is -EAGAIN:
 * then it is still held. */
static ALWAYS_INLINE int send_or_keep(struct pgo_chan *c, const void *elem)
{
	struct waiter *w;
	int rc = send_now(c, elem, &w);

	if (rc == -EAGAIN)
		return rc;
	lock_put(&c->lock);
	if (rc == -EPIPE)
		fatal_panic("send on closed channel");
	if (w)
		waiter_wake(w);
	return 0;
}

/* A channel that is not there: nobody will ever come. */
static __attribute__((noinline)) void wait_for_ever(enum wait_reason reason)
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
	sched_point();
	if (SELDOM(!c))
		wait_for_ever(WAIT_CHAN_SEND_NIL);
	lock_get(&c->lock);
	if (send_or_keep(c, elem) &&
	    !wait_in(&c->senders, c, (void *)(uintptr_t)elem, WAIT_CHAN_SEND))
		fatal_panic("send on closed channel");
	return 0;
}

int pgo_chan_trysend(struct pgo_chan *c, const void *elem)
{
	int rc;

	if (!c)
		return -EAGAIN;
	lock_get(&c->lock);
	rc = send_or_keep(c, elem);
	if (rc)
		lock_put(&c->lock);
	return rc;
}

/* Receiving --------------------------------------------------------------- */

bool chan_can_receive(struct pgo_chan *c)
{
	return c->closed || c->count || waitq_has(&c->senders);
}

/* The oldest element, and room for a sender that waits. */
static inline struct waiter *receive_buffered(struct pgo_chan *c, void *elem)
{
	struct waiter *w;

	pop(c, elem);
	w = partner(&c->senders);
	if (w)
		push(c, w->elem);
	return w;
}

static ALWAYS_INLINE int receive_now(struct pgo_chan *c, void *elem,
				     struct waiter **wake)
{
	struct waiter *w = NULL;

	*wake = NULL;
	if (c->count) {
		w = receive_buffered(c, elem);
	} else {
		w = partner(&c->senders);
		if (!w && !c->closed)
			return -EAGAIN;
		if (!w) {
			fiber_acquire(c);
			if (elem)
				memset(elem, 0, c->elem_bytes);
			return -EPIPE;
		}
		copy(c, elem, w->elem);
	}
	if (w)
		w->ok = true;
	*wake = w;
	return 0;
}

int chan_receive_now(struct pgo_chan *c, void *elem, struct waiter **wake)
{
	return receive_now(c, elem, wake);
}

/* As send_or_keep(). */
static ALWAYS_INLINE int receive_or_keep(struct pgo_chan *c, void *elem)
{
	struct waiter *w;
	int rc = receive_now(c, elem, &w);

	if (rc == -EAGAIN)
		return rc;
	lock_put(&c->lock);
	if (w)
		waiter_wake(w);
	return rc;
}

int pgo_chan_recv(struct pgo_chan *c, void *elem)
{
	int rc;

	sched_point();
	if (SELDOM(!c))
		wait_for_ever(WAIT_CHAN_RECEIVE_NIL);
	lock_get(&c->lock);
	rc = receive_or_keep(c, elem);
	if (rc != -EAGAIN)
		return rc;
	return wait_in(&c->receivers, c, elem, WAIT_CHAN_RECEIVE) ? 0 : -EPIPE;
}

int pgo_chan_tryrecv(struct pgo_chan *c, void *elem)
{
	int rc;

	if (!c)
		return -EAGAIN;
	lock_get(&c->lock);
	rc = receive_or_keep(c, elem);
	if (rc == -EAGAIN)
		lock_put(&c->lock);
	return rc;
}

/* Closing ----------------------------------------------------------------- */

/* Everyone in Q who still waits, as a list by next. */
static struct waiter *detach_all(struct waitq *q)
{
	struct waiter *all = NULL;
	struct waiter **end = &all;

	while ((*end = partner(q)) != NULL)
		end = &(*end)->next;
	return all;
}

void pgo_chan_close(struct pgo_chan *c)
{
	struct waiter *receivers;
	struct waiter *senders;

	if (!c)
		fatal_panic("close of nil channel");
	lock_get(&c->lock);
	if (c->closed) {
		lock_put(&c->lock);
		fatal_panic("close of closed channel");
	}
	fiber_release(c);
	c->closed = true;
	receivers = detach_all(&c->receivers);
	for (struct waiter *w = receivers; w; w = w->next)
		if (w->elem)
			memset(w->elem, 0, c->elem_bytes);
	senders = detach_all(&c->senders);
	lock_put(&c->lock);
	waiter_wake_all(receivers);
	waiter_wake_all(senders);       /* they die of it */
}
