/*
 * Growth is geometric, so a descent of any depth takes few segments; the
 * segment above the current one stays cached, so a call that crosses a
 * boundary in a loop costs nanoseconds, not an allocation.  A recursion that
 * never ends dies at Go's bound, before it takes the machine's memory.
 *
 * A contiguous stack never grows: who comes here had no room, or was sent by
 * poison.
 */
#include "runtime/stack.h"

#include "runtime/env.h"
#include "runtime/fatal.h"
#include "runtime/g.h"
#include "runtime/m.h"
#include "runtime/sys.h"

/* A block for alloca(), in front of its memory. */
struct alloca_block {
	struct alloca_block *next;
	uintptr_t sp;           /* of the frame that asked */
	size_t bytes;           /* of all of it */
	uint64_t pad;           /* what follows is a multiple of 16 */
};

enum { ALLOCA_MAX_SHIFT = 40 };

/*
 * While a segment has blocks it is closed: every prologue on it, and every
 * entry from below, comes to stack_grow(), which sees that frames are gone.
 * Their sp alone does not tell when the same function allocates again and
 * again.
 */
static void blocks_free_below(struct g *gp, struct seg *s, uintptr_t sp)
{
	if (!s->blocks)
		return;
	while (s->blocks && s->blocks->sp < sp) {
		struct alloca_block *b = s->blocks;

		s->blocks = b->next;
		gp->alloca_bytes -= b->bytes;
		seg_block_free(b, b->bytes);
	}
	if (!s->blocks)
		seg_open(s);
}

static bool is_too_much(const struct g *gp, size_t more)
{
	return gp->stack_bytes + gp->alloca_bytes + more > env.stack_max_bytes;
}

static void drop_next(struct g *gp, struct seg *from)
{
	struct seg *s = from->next;

	from->next = s->next;
	if (s->next)
		s->next->prev = from;
	gp->stack_bytes -= s->bytes;
	gp->shrinks++;
	blocks_free_below(gp, s, UINTPTR_MAX);
	seg_free(s);
}

/* For a frame that poison brought here.  Tests may want none to fit. */
static bool fits(const struct seg *s, uintptr_t sp, size_t frame)
{
	return (!env.seg_always || seg_is_fixed(s)) && sp > frame &&
	       sp - frame >= seg_limit(s) && seg_holds(s, sp);
}

struct seg *stack_grow(struct g *gp, size_t frame, size_t args, uintptr_t sp)
{
	struct seg *s = gp->cur;
	struct seg *n;

	if (!seg_is_whole(s))
		fatal_overrun(s);
	/* A function that has only begun stands one word above: the caller's
	 * blocks are beyond that, those of an earlier call below. */
	if (s->blocks && seg_holds(s, sp))
		blocks_free_below(gp, s, sp + sizeof(void *));
	if (fits(s, sp, frame))
		return NULL;
	if (seg_is_fixed(s))
		fatal_overflow(gp, sp);
	if (s->next && s->next->blocks)
		blocks_free_below(gp, s->next, UINTPTR_MAX);
	while (s->next && s->next->cap < frame + args)
		drop_next(gp, s);
	if (s->next)
		return s->next;
	n = seg_new_for(frame + args, env.seg_always ? 0 : 2 * s->bytes);
	if (!n)
		fatal_throw("out of memory for a stack segment");
	if (is_too_much(gp, n->bytes))
		fatal_overflow(gp, sp);
	n->prev = s;
	s->next = n;
	gp->grows++;
	gp->stack_bytes += n->bytes;
	if (gp->stack_bytes > gp->stack_peak)
		gp->stack_peak = gp->stack_bytes;
	return n;
}

void stack_trim(struct g *gp, struct seg *from)
{
	while (from->next)
		drop_next(gp, from);
}

void stack_forget_allocas(struct g *gp)
{
	blocks_free_below(gp, gp->base, UINTPTR_MAX);
}

void *stack_alloca(size_t bytes, uintptr_t sp)
{
	struct g *gp = g_get();
	struct alloca_block *b;
	size_t whole;

	if (!gp || bytes >> ALLOCA_MAX_SHIFT)
		fatal_throw("alloca: size out of range");
	/* A callback has nothing to do with the frames of its goroutine; poison
	 * may bring it here. */
	if (seg_holds(gp->cur, sp))
		blocks_free_below(gp, gp->cur, sp);
	whole = bytes + sizeof(*b);
	if (is_too_much(gp, whole))
		fatal_overflow(gp, sp);
	b = seg_block_new(&whole);
	if (!b)
		fatal_throw("alloca: out of memory");
	b->next = gp->cur->blocks;
	b->sp = sp;
	b->bytes = whole;
	gp->alloca_bytes += whole;
	gp->cur->blocks = b;
	seg_close(gp->cur);
	return b + 1;
}
