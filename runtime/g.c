/*
 * The life of a struct g: from a cache of dead ones or a new slot, and back.
 *
 * A dead goroutine keeps its first segment, so that starting one costs a list
 * operation on the P.  Without a P (foreign threads, callbacks) the global
 * list serves.
 */
#include "runtime/g.h"

#include <stdatomic.h>

#include "runtime/fatal.h"
#include "runtime/sched.h"
#include "runtime/stack.h"
#include "runtime/sys.h"

enum {
	GFREE_MAX = 64,         /* a P with more gives half away */
	VEC_BYTES = 512,
	VEC_SLAB = 1 << 16,
};

void pgo_gostart(void);

/* Moves N dead goroutines between a P's list and the global one. */
static void gfree_move(struct g **from, uint32_t *from_count, struct g **to,
		       uint32_t *to_count, uint32_t n)
{
	lock_get(&sched.gfree_lock);
	for (; n && *from; n--) {
		struct g *gp = *from;

		*from = gp->link;
		gp->link = *to;
		*to = gp;
		--*from_count;
		++*to_count;
	}
	lock_put(&sched.gfree_lock);
}

static struct g *gfree_pop_global(void)
{
	struct g *gp;

	lock_get(&sched.gfree_lock);
	gp = sched.gfree;
	if (gp) {
		sched.gfree = gp->link;
		sched.gfree_count--;
	}
	lock_put(&sched.gfree_lock);
	return gp;
}

static struct g *gfree_pop(void)
{
	struct p *pp = p_get();
	struct g *gp;

	if (!pp)
		return gfree_pop_global();
	if (!pp->gfree && sched.gfree)
		gfree_move(&sched.gfree, &sched.gfree_count, &pp->gfree,
			   &pp->gfree_count, GFREE_MAX / 2);
	gp = pp->gfree;
	if (gp) {
		pp->gfree = gp->link;
		pp->gfree_count--;
	}
	return gp;
}

static void gfree_push(struct g *gp)
{
	struct p *pp = p_get();
	uint32_t one = 1;

	if (!pp) {
		gp->link = NULL;
		gfree_move(&gp, &one, &sched.gfree, &sched.gfree_count, 1);
		return;
	}
	gp->link = pp->gfree;
	pp->gfree = gp;
	if (++pp->gfree_count > GFREE_MAX)
		gfree_move(&pp->gfree, &pp->gfree_count, &sched.gfree,
			   &sched.gfree_count, GFREE_MAX / 2);
}

/* The first frame: seven words as switch_to_g() pops them, under two zeros.
 * rsp is a multiple of 16 when pgo_gostart calls. */
static void *first_frame(const struct seg *s)
{
	uint64_t *sp = (uint64_t *)((uintptr_t)s & ~(uintptr_t)15);

	*--sp = 0;
	*--sp = 0;
	*--sp = (uintptr_t)pgo_gostart;
	for (int i = 0; i < 6; i++)
		*--sp = 0;
	return sp;
}

static struct g *slot_new(void)
{
	struct seg *s = seg_new(seg_first_bytes());
	struct g *gp;

	if (!s)
		return NULL;
	gp = gtab_new_slot();
	if (!gp) {
		seg_free(s);
		return NULL;
	}
	gp->base = s;
	return gp;
}

struct g *g_new(void (*fn)(void *), void *arg)
{
	struct g *gp = gfree_pop();

	if (!gp)
		gp = slot_new();
	if (!gp)
		return NULL;
	gp->cur = gp->base;
	gp->sp = first_frame(gp->base);
	gp->fn = fn;
	gp->arg = arg;
	gp->enters = 0;
	gp->err = 0;
	gp->goexit = false;
	gp->wait_on = NULL;
	gp->stack_bytes = gp->base->bytes;
	gp->stack_peak = gp->base->bytes;
	gp->grows = 0;
	gp->shrinks = 0;
	atomic_store_explicit(&gp->preempt, 0, memory_order_relaxed);
	return gp;
}

void g_free(struct g *gp)
{
	stack_trim(gp, gp->cur);
	stack_forget_allocas(gp);
	if (!seg_is_whole(gp->base))
		fatal_overrun(gp->base);
	gtab_move(gp->row, G_DEAD, G_IDLE);
	gfree_push(gp);
}

void g_shrink(struct g *gp, uint32_t epoch)
{
	struct seg *s = gp->cur;

	gp->shrink_epoch = epoch;
	/* Entering a segment fills its ret: one that is still empty since the
	 * last look was not needed, nor was any above it. */
	for (; s->next && s->next->ret; s = s->next)
		s->next->ret = NULL;
	stack_trim(gp, s);
}

void *g_vec(struct g *gp)
{
	static struct {
		struct lock lock;       /* the two below */
		char *next;
		char *end;
	} slab;
	void *p;

	if (gp->vec)
		return gp->vec;
	lock_get(&slab.lock);
	if (slab.next == slab.end) {
		slab.next = sys_map(VEC_SLAB);
		if (!slab.next)
			fatal_throw("out of memory for a preempted goroutine");
		slab.end = slab.next + VEC_SLAB;
	}
	p = slab.next;
	slab.next += VEC_BYTES;
	lock_put(&slab.lock);
	/* For good: slots are used again, and few goroutines are preempted
	 * at any time. */
	gp->vec = p;
	return p;
}
