/*
 * Every load is checked against the pieces, so that whatever lies on a stack
 * cannot make a walk fault; see lib/sample/walk.h.
 */
#include "runtime/stackwalk.h"

#include "runtime/m.h"
#include "runtime/sched.h"

enum {
	SEGMENTS_MAX = 4096,    /* of one goroutine that are looked at */
};

/* Constant after stackwalk_setup(). */
static struct {
	struct cfi cfi;
	size_t n_hidden;
} code;

struct walk_range stackwalk_hidden[STACKWALK_HIDDEN];

void __morestack(void);
void pgo_gostart(void);
void pgo_thunk_regs(void);
void pgo_thunk_stack(void);
void pgo_thunk_any(void);
void pgo_thunk_leaf(void);
void pgo_dl_trampolines(void);

static void hide(uintptr_t pc)
{
	struct walk_range *r = &stackwalk_hidden[code.n_hidden];

	if (cfi_extent(&code.cfi, pc, &r->low, &r->high) == 0)
		code.n_hidden++;
}

void stackwalk_setup(void)
{
	if (code.n_hidden)
		return;
	if (cfi_init(&code.cfi, (const void *)stackwalk_setup) < 0)
		return;         /* by frame pointers alone, then */
	hide((uintptr_t)__morestack);
	hide((uintptr_t)pgo_gostart);
	hide((uintptr_t)sched_goroutine_main);
	hide((uintptr_t)pgo_thunk_regs);
	hide((uintptr_t)pgo_thunk_stack);
	hide((uintptr_t)pgo_thunk_any);
	hide((uintptr_t)pgo_thunk_leaf);
	hide((uintptr_t)pgo_dl_trampolines);
}

bool stackwalk_is_ours(uintptr_t pc)
{
	return pc >= code.cfi.text_low && pc < code.cfi.text_high;
}

static bool piece(struct walk_range *out, uintptr_t low, uintptr_t high,
		  uintptr_t addr)
{
	out->low = low;
	out->high = high;
	return addr >= low && addr < high;
}

static int range(void *ctx, uintptr_t addr, struct walk_range *out)
{
	const struct stackwalk *w = ctx;
	const struct seg *s = w->g ? w->g->cur : NULL;

	for (int n = 0; s && n < SEGMENTS_MAX; n++, s = s->prev)
		if (piece(out, (uintptr_t)s->low, (uintptr_t)s, addr))
			return 1;
	return piece(out, w->stack.low, w->stack.high, addr);
}

void stackwalk_add(struct stackwalk *w, uintptr_t pc)
{
	if (w->n < w->max)
		w->pcs[w->n++] = pc;
	else
		w->cut = true;
}

enum walk_end stackwalk_from(struct stackwalk *sw, const struct walk_regs *r)
{
	enum walk_end end;
	struct walk w = {
		.range = range,
		.ctx = sw,
		.cfi = code.cfi.text_high ? &code.cfi : NULL,
		.text = { code.cfi.text_low, code.cfi.text_high },
		.hidden = stackwalk_hidden,
		.n_hidden = code.n_hidden,
	};

	sw->n += walk_stack(&w, r, sw->pcs + sw->n, sw->max - sw->n, &end);
	sw->cut = end == WALK_CUT;
	return end;
}

uintptr_t stackwalk_word(const struct stackwalk *w, uintptr_t addr)
{
	struct walk_range r;

	if ((addr & 7) || !range((void *)w, addr, &r) || r.high - addr < 8)
		return 0;
	return *(const uintptr_t *)addr;
}

void stackwalk_caller(struct stackwalk *w, uintptr_t pc, uintptr_t fp,
		      uintptr_t sp)
{
	struct walk_regs r = { .pc = pc, .called = true };

	if (!pc)
		return;
	r.r[WALK_FP] = fp;
	r.r[WALK_SP] = sp;
	stackwalk_from(w, &r);
}

void stackwalk_in_c(struct stackwalk *w, const struct m *m)
{
	uintptr_t fp = (uintptr_t)m->cfp;

	/* Behind another frame it is a return address: one byte in. */
	stackwalk_add(w, (uintptr_t)m->ctarget + (w->n > 0));
	stackwalk_caller(w, stackwalk_word(w, fp + 8), stackwalk_word(w, fp),
			 fp + 16);
}

/* How many pcs are the program's before the first that is not. */
static size_t own_frames(const struct stackwalk *w)
{
	size_t i = 0;

	while (i < w->n && stackwalk_is_ours(w->pcs[i]))
		i++;
	return i;
}

void stackwalk_thread(struct stackwalk *w, const struct m *m,
		      const struct walk_regs *r)
{
	size_t n;

	if (stackwalk_is_ours(r->pc)) {
		enum walk_end end = stackwalk_from(w, r);

		/* A C function of the program, or the thunk itself: the walk
		 * went through to the goroutine. */
		n = own_frames(w);
		if (n == w->n && end != WALK_LOST)
			return;
		w->n = n;
	}
	stackwalk_in_c(w, m);
}

__attribute__((noinline)) void stackwalk_self(struct stackwalk *w)
{
	const struct m *m = m_get();
	const uintptr_t *frame = __builtin_frame_address(0);
	struct walk_regs r = {
		.pc = (uintptr_t)__builtin_return_address(0),
		.called = true,
	};
	uintptr_t at = (uintptr_t)frame;

	if (m && at >= m->stack_low && at < m->stack_high) {
		w->stack.low = at;
		w->stack.high = m->stack_high;
	}
	if (m && !m->insched)
		w->g = m->g;
	r.r[WALK_FP] = frame[0];
	r.r[WALK_SP] = at + 2 * sizeof(*frame);
	if (w->g && !m->csp)
		stackwalk_thread(w, m, &r);
	else
		stackwalk_from(w, &r);
}

void stackwalk_parked(struct stackwalk *w, const struct g *gp)
{
	uintptr_t sp = (uintptr_t)gp->sp;
	uintptr_t pc, fp;

	w->g = gp;
	/* It keeps its M: asleep in a callback, or about to go on there. */
	if (gp->m) {
		stackwalk_in_c(w, gp->m);
		return;
	}
	pc = stackwalk_word(w, sp + offsetof(struct left, pc));
	fp = stackwalk_word(w, sp + offsetof(struct left, rbp));
	if (pc == (uintptr_t)pgo_gostart)
		stackwalk_add(w, (uintptr_t)gp->fn);
	else
		stackwalk_caller(w, pc, fp, sp + sizeof(struct left));
}
