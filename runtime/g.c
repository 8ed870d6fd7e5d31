/*
 * The life of a struct g: from a cache of dead ones or a new slot, and back.
 */
#include "runtime/g.h"

#include <stdatomic.h>

#include "runtime/arena.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/lock.h"
#include "runtime/m.h"
#include "runtime/p.h"
#include "runtime/stack.h"
#include "runtime/sys.h"

enum {
	VEC_BYTES = 512,
	VEC_SLAB = 1 << 16,
};

void pgo_gostart(void);

/* The first frame: seven words as switch_to_g() pops them, of which only rbp
 * and the last matter, under two zeros.  rsp is a multiple of 16 when
 * pgo_gostart calls. */
static inline void *first_frame(const struct seg *s)
{
	uint64_t *sp = (uint64_t *)((uintptr_t)s & ~(uintptr_t)15) - 4;

	sp[0] = 0;
	sp[1] = (uintptr_t)pgo_gostart;
	sp[2] = 0;
	sp[3] = 0;
	return sp - 5;
}

static struct seg *stack_new(const struct stack_want *want)
{
	if (want->contiguous)
		return arena_new(want->bytes);
	return seg_new(want->bytes > seg_first_bytes() ? want->bytes :
							 seg_first_bytes());
}

static void stack_free(struct seg *s)
{
	if (seg_is_fixed(s))
		arena_free(s);
	else
		seg_free(s);
}

static struct g *slot_new(enum gfree_kind kind)
{
	struct g *gp = gtab_new_slot();

	if (gp)
		gp->kind = kind;
	return gp;
}

/* What the last one to use the slot has counted. */
static void begin_counts(struct g *gp)
{
	gp->enters = 0;
	gp->grows = 0;
	gp->shrinks = 0;
	gp->stack_bytes = seg_memory(gp->base);
	gp->stack_peak = gp->stack_bytes;
}

/* It may go deep and then park for ever, all in its first epoch. */
static void begin_contiguous(struct g *gp)
{
	gp->shrink_epoch = UINT32_MAX;
	begin_counts(gp);
}

/* A goroutine that has a stack: GP, which has none, or another where that is
 * NULL. */
static __attribute__((noinline)) struct g *
g_get_free(struct g *gp, const struct stack_want *want)
{
	struct seg *s;

	if (!gp)
		gp = gfree_pop(want->kind);
	if (gp && gp->base)
		return gp;
	s = stack_new(want);
	if (s && !gp)
		gp = slot_new(want->kind);
	if (s && gp) {
		gp->base = s;
		begin_counts(gp);
		return gp;
	}
	if (s)
		stack_free(s);
	if (gp)
		gfree_push(gp);
	return NULL;
}

struct g *g_new(void (*fn)(void *), void *arg, const struct stack_want *want)
{
	struct p *pp = p_get();
	struct g *gp = NULL;

	if (pp && want->kind < GFREE_CACHED)
		gp = p_get_free(pp, want->kind);
	if (!gp || !gp->base)
		gp = g_get_free(gp, want);
	if (!gp)
		return NULL;
	gp->cur = gp->base;
	gp->sp = first_frame(gp->base);
	gp->fn = fn;
	gp->arg = arg;
	gp->err = 0;
	if (want->contiguous)
		begin_contiguous(gp);
	return gp;
}

/* What had a stack of its own size gives it back. */
static void drop_base(struct g *gp)
{
	struct seg *s = gp->base;

	gp->base = NULL;
	if (seg_is_fixed(s))
		arena_trim(s, (uintptr_t)s);
	stack_free(s);
}

void g_free(struct g *gp)
{
	fiber_free(gp);
	stack_trim(gp, gp->cur);
	stack_forget_allocas(gp);
	if (!seg_is_whole(gp->base))
		fatal_overrun(gp->base);
	gp->goexit = false;
	gp->exceptions = (struct exceptions){ 0 };
	if (gp->kind == GFREE_BARE)
		drop_base(gp);
	else
		begin_counts(gp);
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

void g_shrink_below(struct g *gp, uintptr_t sp)
{
	struct seg *s = gp->base;
	size_t bytes = arena_trim(s, sp);

	gp->stack_bytes = seg_memory(s);
	if (bytes > gp->stack_peak)
		gp->stack_peak = bytes;
	if (bytes > gp->stack_bytes)
		gp->shrinks++;
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
		fiber_root(slab.next, VEC_SLAB);
	}
	p = slab.next;
	slab.next += VEC_BYTES;
	lock_put(&slab.lock);
	/* For good: slots are used again, and few goroutines are preempted
	 * at any time. */
	gp->vec = p;
	return p;
}
