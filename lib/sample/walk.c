/*
 * The walk: leave the innermost frame with care, then follow rbp.
 *
 * A frame pointer must rise within its piece of the stack or lead into another
 * one, and the number of steps is bounded by the room for pcs, so that a stack
 * overwritten by anything ends the walk instead of holding it.  2 to 5 ns a
 * frame: one compare of bounds, two loads.
 *
 * Two steps per pc stored are allowed: each crossing of segments adds one
 * hidden frame to at least one that is shown.
 */
#include "lib/sample/walk.h"

#include "lib/sample/leaf.h"
#include "lib/sample/load.h"

struct out {
	uint64_t *pcs;
	size_t n, max;
	size_t steps_left;
};

/* False when there is no room for PC.  AT is the byte it is judged by: the
 * call for a return address, whose own byte may be another function's. */
static bool emit(const struct walk *w, struct out *o, uintptr_t pc,
		 uintptr_t at)
{
	if (o->steps_left-- == 0)
		return false;
	if (walk_ranges_hold(w->hidden, w->n_hidden, at))
		return true;
	if (o->n == o->max)
		return false;
	o->pcs[o->n++] = pc;
	return true;
}

static bool ends_outside(const struct walk *w, const struct walk_regs *up)
{
	uintptr_t call = up->pc - 1;

	if (!w->outside || (call >= w->text.low && call < w->text.high))
		return false;
	*w->outside = *up;
	return true;
}

static enum walk_end follow(struct load *l, struct out *o, uintptr_t fp)
{
	struct walk_regs up = { .called = true };

	while (fp) {
		const uintptr_t *frame = (const uintptr_t *)fp;
		uintptr_t next, ra;

		if ((fp & 7) || !load_can(l, fp, 2 * sizeof(*frame)))
			return WALK_LOST;
		next = frame[0];
		ra = frame[1];
		if (!ra)
			return WALK_DONE;
		up.pc = ra;
		up.r[WALK_FP] = next;
		up.r[WALK_SP] = fp + 2 * sizeof(*frame);
		if (ends_outside(l->w, &up))
			return WALK_OUTSIDE;
		if (!emit(l->w, o, ra, ra - 1))
			return WALK_CUT;
		if (next && next <= fp && next >= l->now.low)
			return WALK_LOST;
		fp = next;
	}
	return WALK_DONE;
}

static enum walk_end walk_from(const struct walk *w, const struct walk_regs *r,
			       struct out *o)
{
	struct load l = { .w = w };
	uintptr_t fp = r->r[WALK_FP];
	struct walk_regs up;

	if (!emit(w, o, r->pc, r->pc - r->called))
		return WALK_CUT;
	switch (leaf_step(&l, r, &up)) {
	case LEAF_LAST:
		return WALK_DONE;
	case LEAF_CALLER:
		if (!up.pc)
			return WALK_DONE;
		if (ends_outside(w, &up))
			return WALK_OUTSIDE;
		if (!emit(w, o, up.pc, up.pc - 1))
			return WALK_CUT;
		fp = up.r[WALK_FP];
		break;
	case LEAF_FRAME:
		break;
	}
	return follow(&l, o, fp);
}

size_t walk_stack(const struct walk *w, const struct walk_regs *r,
		  uint64_t *pcs, size_t max, enum walk_end *end)
{
	struct out o = { pcs, 0, max, 2 * max + 2 };
	enum walk_end how = walk_from(w, r, &o);

	if (end)
		*end = how;
	return o.n;
}

bool walk_up(const struct walk *w, struct walk_regs *r)
{
	struct load l = { .w = w };
	struct walk_regs up;

	if (leaf_step(&l, r, &up) != LEAF_CALLER || !up.pc ||
	    up.r[WALK_SP] <= r->r[WALK_SP])
		return false;
	*r = up;
	return true;
}

void walk_regs_from(struct walk_regs *r, const ucontext_t *uc)
{
	static const uint8_t gregs[WALK_REGS] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP,
		REG_RSP, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13,
		REG_R14, REG_R15,
	};

	for (int i = 0; i < WALK_REGS; i++)
		r->r[i] = (uintptr_t)uc->uc_mcontext.gregs[gregs[i]];
	r->called = false;
	r->pc = (uintptr_t)uc->uc_mcontext.gregs[REG_RIP];
}
