/*
 * The stack of a tick.
 *
 * A tick finds an M at any instruction: in goroutine code, in a libc call on
 * the thread's own stack, in the scheduler, or half way between.  Everything an
 * M's registers can point into is one set of pieces: the segments of its
 * goroutine and the thread's stack.  The walk goes from one to the other by
 * itself wherever the program's own code runs, since __morestack, the thunks
 * and the switch keep frame pointers and CFI true.
 *
 * The scheduler, on the thread's stack, may already have let go of the
 * goroutine m->g names; another M may run it and free its segments.  There the
 * thread's stack is the only piece.
 *
 * libc does not keep frame pointers, so a walk ends where it enters libc and is
 * put together again from what the thunk left:
 *
 *   in a C call (csp 0)  callbacks of the program, if any; the function that
 *                        was called (m->ctarget); the goroutine from m->cfp
 *   in a leaf            the pc; the goroutine from m->lsp and m->cfp.  A leaf
 *                        runs on the goroutine's stack, below lsp
 *
 * Not chosen: the pc itself as leaf of a C call.  It is often a local function
 * that a stripped libc has no name for; the function called has one.
 */
#include "runtime/cpustack.h"

#include <stdbool.h>

#include "lib/sample/walk.h"
#include "runtime/m.h"
#include "runtime/sched.h"

enum {
	HIDDEN_MAX = 8,
	SEGMENTS_MAX = 4096,    /* of one goroutine that are looked at */
	LEAF_BYTES = 4096,      /* stack a leaf may use, and more */
	RED_ZONE = 128,
};

/* Constant after cpustack_setup(). */
static struct {
	struct cfi cfi;
	struct walk_range hidden[HIDDEN_MAX];
	size_t n_hidden;
} code;

void __morestack(void);
void pgo_gostart(void);
void pgo_thunk_regs(void);
void pgo_thunk_stack(void);
void pgo_thunk_any(void);
void pgo_thunk_leaf(void);
void pgo_dl_trampolines(void);

static void hide(uintptr_t pc)
{
	struct walk_range *r = &code.hidden[code.n_hidden];

	if (cfi_extent(&code.cfi, pc, &r->low, &r->high) == 0)
		code.n_hidden++;
}

void cpustack_setup(void)
{
	if (cfi_init(&code.cfi, (const void *)cpustack_setup) < 0)
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

static bool is_ours(uintptr_t pc)
{
	return pc >= code.cfi.text_low && pc < code.cfi.text_high;
}

/* Pieces ------------------------------------------------------------------ */

static bool piece(struct walk_range *out, uintptr_t low, uintptr_t high,
		  uintptr_t addr)
{
	out->low = low;
	out->high = high;
	return addr >= low && addr < high;
}

/* Where a tick found M, and the goroutine that is surely its own. */
struct tick {
	const struct m *m;
	const struct g *g;      /* NULL: none */
	struct walk_range stack; /* the thread's, as far as it is in use */
	struct walk_regs r;
	uint64_t *pcs;
	size_t n, max;
	bool cut;
};

/* The segments are the running goroutine's own: nobody else touches them
 * while this thread is in its signal handler. */
static int range(void *ctx, uintptr_t addr, struct walk_range *out)
{
	const struct tick *t = ctx;
	const struct seg *s = t->g ? t->g->cur : NULL;

	for (int n = 0; s && n < SEGMENTS_MAX; n++, s = s->prev)
		if (piece(out, (uintptr_t)s->low, (uintptr_t)s, addr))
			return 1;
	return piece(out, t->stack.low, t->stack.high, addr);
}

/* Walks from R and adds what it finds; how the walk ended. */
static enum walk_end add_walk(struct tick *t, const struct walk_regs *r)
{
	enum walk_end end;
	struct walk w = {
		.range = range,
		.ctx = t,
		.cfi = code.cfi.text_high ? &code.cfi : NULL,
		.text = { code.cfi.text_low, code.cfi.text_high },
		.hidden = code.hidden,
		.n_hidden = code.n_hidden,
	};

	t->n += walk_stack(&w, r, t->pcs + t->n, t->max - t->n, &end);
	t->cut = end == WALK_CUT;
	return end;
}

/* The word at ADDR; 0 when it is on no stack of the tick's. */
static uintptr_t word_at(struct tick *t, uintptr_t addr)
{
	struct walk_range r;

	if ((addr & 7) || !range(t, addr, &r) || r.high - addr < 8)
		return 0;
	return *(const uintptr_t *)addr;
}

/* Parts ------------------------------------------------------------------- */

static void add(struct tick *t, uintptr_t pc)
{
	if (t->n < t->max)
		t->pcs[t->n++] = pc;
	else
		t->cut = true;
}

/* The stack of whoever goes on at PC, with FP and SP as they are there. */
static void add_caller(struct tick *t, uintptr_t pc, uintptr_t fp,
		       uintptr_t sp)
{
	struct walk_regs r = { .pc = pc };

	if (!pc)
		return;
	r.r[WALK_FP] = fp;
	r.r[WALK_SP] = sp;
	add_walk(t, &r);
}

/* How many pcs are the program's before the first that is not. */
static size_t own_frames(const struct tick *t)
{
	size_t i = 0;

	while (i < t->n && is_ours(t->pcs[i]))
		i++;
	return i;
}

/* The program's own frames on the thread's stack, if the pc is one of them;
 * the function called; the goroutine. */
static void take_in_c(struct tick *t)
{
	uintptr_t fp = (uintptr_t)t->m->cfp;
	size_t n;

	if (is_ours(t->r.pc)) {
		enum walk_end end = add_walk(t, &t->r);

		/* A C function of the program, or the thunk itself: the walk
		 * went through to the goroutine. */
		n = own_frames(t);
		if (n == t->n && end != WALK_LOST)
			return;
		t->n = n;
	}
	/* Behind another frame it is a return address: one byte in. */
	add(t, (uintptr_t)t->m->ctarget + (t->n > 0));
	add_caller(t, word_at(t, fp + 8), word_at(t, fp), fp + 16);
}

static void take_leaf(struct tick *t)
{
	uintptr_t sp = (uintptr_t)t->m->lsp;
	uintptr_t now = t->r.r[WALK_SP];

	/* lsp is that of the last leaf; this pc may be of another kind: a
	 * library of the program's, which keeps frame pointers. */
	if (now > sp || sp - now >= LEAF_BYTES) {
		add_walk(t, &t->r);
		return;
	}
	add(t, t->r.pc);
	add_caller(t, word_at(t, sp), (uintptr_t)t->m->cfp, sp + 8);
}

size_t cpustack_take(void *ctx, const ucontext_t *uc, uint64_t *pcs,
		     size_t max, uint64_t *tag)
{
	const struct m *m = ctx;
	struct tick t = { .m = m, .pcs = pcs, .max = max };
	uintptr_t sp;

	*tag = 0;
	walk_regs_from(&t.r, uc);
	sp = t.r.r[WALK_SP];
	if (sp >= m->stack_low && sp < m->stack_high) {
		/* Not from stack_low: a main thread's is mapped as it grows. */
		t.stack.low = sp - RED_ZONE;
		t.stack.high = m->stack_high;
	}
	if (!m->insched || !t.stack.high)
		t.g = m->g;
	if (t.g && !m->insched && !m->csp)
		take_in_c(&t);
	else if (is_ours(t.r.pc))
		add_walk(&t, &t.r);
	else if (m->csp)
		take_leaf(&t);
	else
		add(&t, t.r.pc);        /* libc called by the scheduler */
	return t.cut ? max + 1 : t.n;
}
