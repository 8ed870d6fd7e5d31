/*
 * Contexts: a tree, one lock for all of it.
 *
 * A child keeps its parent alive, so a context that is freed has no children.
 * Ending one ends all below it, by a walk along the links and without a stack;
 * channels are closed under the lock, for nobody takes it below a channel's.
 *
 * A deadline's timer is stopped, and waited for, before its context is freed:
 * what it calls may find a context that is on its way out, never memory that
 * is something else.
 */
#include <pgo/ctx.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/fiber.h"
#include "runtime/lock.h"
#include "runtime/slab.h"
#include "runtime/ticker.h"

struct pgo_ctx {
	_Atomic int64_t users;          /* children among them */
	struct pgo_ctx *parent;         /* constant; NULL: the background */
	struct pgo_ctx *child;          /* tree_lock: the newest */
	struct pgo_ctx *next, *prev;    /* tree_lock: its siblings */
	_Atomic int err;                /* tree_lock writes, once */
	struct pgo_chan *done;          /* constant */
	struct pgo_timer *timer;        /* constant; NULL: no own deadline */
	int64_t deadline_ns;            /* constant, its own or an ancestor's */
	const void *key;                /* constant */
	void *value;                    /* constant */
};

static struct lock tree_lock;

static struct pgo_ctx background = { .deadline_ns = INT64_MAX };

struct pgo_ctx *pgo_ctx_background(void)
{
	return &background;
}

/* Ending: tree_lock held --------------------------------------------------- */

static void end_one(struct pgo_ctx *c, int err)
{
	if (atomic_load_explicit(&c->err, memory_order_relaxed))
		return;
	fiber_release(c);
	atomic_store_explicit(&c->err, err, memory_order_release);
	if (c->done)
		pgo_chan_close(c->done);
}

/* The one after C in a walk of all below ROOT, parents first. */
static struct pgo_ctx *after(struct pgo_ctx *c, const struct pgo_ctx *root)
{
	if (c->child)
		return c->child;
	while (c != root && !c->next)
		c = c->parent;
	return c == root ? NULL : c->next;
}

static void end(struct pgo_ctx *root, int err)
{
	lock_get(&tree_lock);
	for (struct pgo_ctx *c = root; c; c = after(c, root))
		end_one(c, err);
	lock_put(&tree_lock);
}

void pgo_ctx_cancel(struct pgo_ctx *c)
{
	if (c->parent)
		end(c, -ECANCELED);
}

static void end_of_time(void *arg)
{
	end(arg, -ETIMEDOUT);
}

/* The tree ----------------------------------------------------------------- */

static void link_child(struct pgo_ctx *c)
{
	struct pgo_ctx *parent = c->parent;
	int err;

	lock_get(&tree_lock);
	c->next = parent->child;
	if (c->next)
		c->next->prev = c;
	parent->child = c;
	err = atomic_load_explicit(&parent->err, memory_order_relaxed);
	if (err)
		end_one(c, err);
	lock_put(&tree_lock);
}

static void unlink_child(struct pgo_ctx *c)
{
	lock_get(&tree_lock);
	if (c->prev)
		c->prev->next = c->next;
	else
		c->parent->child = c->next;
	if (c->next)
		c->next->prev = c->prev;
	lock_put(&tree_lock);
}

static struct pgo_ctx *new_child(struct pgo_ctx *parent)
{
	struct pgo_ctx *c = slab_new(sizeof(*c));

	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->done = pgo_chan_make(0, 0);
	if (!c->done) {
		slab_free(c, sizeof(*c));
		return NULL;
	}
	atomic_init(&c->users, 1);
	c->parent = pgo_ctx_get(parent);
	c->deadline_ns = parent->deadline_ns;
	return c;
}

static void free_one(struct pgo_ctx *c)
{
	pgo_timer_free(c->timer);
	pgo_chan_free(c->done);
	slab_free(c, sizeof(*c));
}

struct pgo_ctx *pgo_ctx_new(struct pgo_ctx *parent)
{
	struct pgo_ctx *c = new_child(parent);

	if (c)
		link_child(c);
	return c;
}

struct pgo_ctx *pgo_ctx_until(struct pgo_ctx *parent, int64_t deadline_ns)
{
	struct pgo_ctx *c = new_child(parent);

	if (!c)
		return NULL;
	link_child(c);
	if (deadline_ns >= c->deadline_ns)
		return c;
	c->deadline_ns = deadline_ns;
	c->timer = ticker_call(deadline_ns, end_of_time, c);
	if (!c->timer) {
		pgo_ctx_put(c);
		return NULL;
	}
	return c;
}

struct pgo_ctx *pgo_ctx_with(struct pgo_ctx *parent, const void *key,
			     void *value)
{
	struct pgo_ctx *c = new_child(parent);

	if (!c)
		return NULL;
	c->key = key;
	c->value = value;
	link_child(c);
	return c;
}

struct pgo_ctx *pgo_ctx_get(struct pgo_ctx *c)
{
	if (c->parent)
		atomic_fetch_add_explicit(&c->users, 1, memory_order_relaxed);
	return c;
}

void pgo_ctx_put(struct pgo_ctx *c)
{
	/* Up the tree, for a child may have been its parent's last user. */
	while (c && c->parent) {
		struct pgo_ctx *parent = c->parent;

		if (atomic_fetch_sub(&c->users, 1) > 1)
			return;
		unlink_child(c);
		free_one(c);
		c = parent;
	}
}

/* Looking ------------------------------------------------------------------ */

struct pgo_chan *pgo_ctx_done(struct pgo_ctx *c)
{
	return c->done;
}

int pgo_ctx_err(const struct pgo_ctx *c)
{
	int err = atomic_load_explicit(&c->err, memory_order_acquire);

	if (err)
		fiber_acquire(c);
	return err;
}

int64_t pgo_ctx_deadline(const struct pgo_ctx *c)
{
	return c->deadline_ns;
}

void *pgo_ctx_value(const struct pgo_ctx *c, const void *key)
{
	for (; c; c = c->parent)
		if (c->key == key && key)
			return c->value;
	return NULL;
}
