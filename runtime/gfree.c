/*
 * A P has lists of its own, so that starting a goroutine costs a list
 * operation.  Without a P (foreign threads, callbacks) the global lists serve.
 */
#include "runtime/gfree.h"

#include "runtime/g.h"
#include "runtime/lock.h"
#include "runtime/m.h"
#include "runtime/p.h"

static struct {
	struct lock lock;
	struct g *list[GFREE_KINDS];    /* lock; is there any: without */
} all;

static struct g *take(struct g **list)
{
	struct g *gp = *list;

	if (gp)
		*list = gp->link;
	return gp;
}

static void put(struct g **list, struct g *gp)
{
	gp->link = *list;
	*list = gp;
}

static struct g *pop_global(enum gfree_kind kind)
{
	struct g *gp;

	lock_get(&all.lock);
	gp = take(&all.list[kind]);
	lock_put(&all.lock);
	return gp;
}

static void push_global(struct g *gp)
{
	lock_get(&all.lock);
	put(&all.list[gp->kind], gp);
	lock_put(&all.lock);
}

/* Up to half of what a P may have, from one list to another; how many. */
static uint32_t move(struct g **from, struct g **to)
{
	struct g *first = *from;
	struct g *last = first;
	uint32_t n = 1;

	if (!first)
		return 0;
	for (; n < P_GFREE_MAX / 2 && last->link; n++)
		last = last->link;
	*from = last->link;
	last->link = *to;
	*to = first;
	return n;
}

static void refill(struct p *pp, enum gfree_kind kind)
{
	lock_get(&all.lock);
	pp->gfree_count += move(&all.list[kind], &pp->gfree[kind]);
	lock_put(&all.lock);
}

static void give_away(struct p *pp, enum gfree_kind kind)
{
	lock_get(&all.lock);
	pp->gfree_count -= move(&pp->gfree[kind], &all.list[kind]);
	lock_put(&all.lock);
}

void gfree_hand_on(struct p *pp)
{
	for (enum gfree_kind kind = 0; kind < GFREE_CACHED; kind++)
		while (pp->gfree[kind])
			give_away(pp, kind);
}

struct g *gfree_pop(enum gfree_kind kind)
{
	struct p *pp = kind < GFREE_CACHED ? p_get() : NULL;

	if (!pp)
		return pop_global(kind);
	if (!pp->gfree[kind] && all.list[kind])
		refill(pp, kind);
	return p_get_free(pp, kind);
}

void gfree_push(struct g *gp)
{
	struct p *pp = gp->kind < GFREE_CACHED ? p_get() : NULL;

	if (!pp) {
		push_global(gp);
		return;
	}
	if (!p_has_room(pp))
		give_away(pp, gp->kind);
	p_put_free(pp, gp);
}
