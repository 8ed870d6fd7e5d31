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
 *   in a sanitizer       the function that was called, with no thunk; from
 *                        there the goroutine, on whose stack it runs
 *   in an unwinder       as in a C call, also when it is out of C already and
 *                        still on the thread's stack; so is longjmp()
 *
 * Not chosen: the pc itself as leaf of a C call.  It is often a local function
 * that a stripped libc has no name for; the function called has one.
 */
#include "runtime/cpustack.h"

#include <stdbool.h>

#include "runtime/fiber.h"
#include "runtime/m.h"
#include "runtime/stackwalk.h"

enum {
	LEAF_BYTES = 4096,      /* stack a leaf may use, and more */
	RED_ZONE = 128,
};

/* Where a tick found M, and its stack: the goroutine there is surely its own.
 * Nobody else touches it while this thread is in its signal handler. */
struct tick {
	const struct m *m;
	struct walk_regs r;
	struct stackwalk w;
};

static void take_leaf(struct tick *t)
{
	uintptr_t sp = (uintptr_t)t->m->lsp;
	uintptr_t now = t->r.r[WALK_SP];

	if (fiber_watch.sanitized && stackwalk_library(&t->w, &t->r))
		return;
	/* lsp is that of the last leaf; this pc may be of another kind: a
	 * library of the program's, which keeps frame pointers. */
	if (now > sp || sp - now >= LEAF_BYTES) {
		stackwalk_from(&t->w, &t->r);
		return;
	}
	stackwalk_add(&t->w, t->r.pc);
	stackwalk_caller(&t->w, stackwalk_word(&t->w, sp),
			 (uintptr_t)t->m->cfp, sp + 8);
}

/* Out of C, but not yet where it jumps to. */
static bool jumps(const struct tick *t)
{
	return t->m->csp && t->w.stack.high && !stackwalk_is_ours(t->r.pc);
}

void cpustack_setup(void)
{
	stackwalk_setup();
}

size_t cpustack_take(void *ctx, const ucontext_t *uc, uint64_t *pcs,
		     size_t max, uint64_t *tag)
{
	const struct m *m = ctx;
	struct tick t = { .m = m, .w = { .pcs = pcs, .max = max } };
	uintptr_t sp;

	*tag = 0;
	walk_regs_from(&t.r, uc);
	sp = t.r.r[WALK_SP];
	if (sp >= m->stack_low && sp < m->stack_high) {
		/* Not from stack_low: a main thread's is mapped as it grows. */
		t.w.stack.low = sp - RED_ZONE;
		t.w.stack.high = m->stack_high;
	}
	if (!m->insched || !t.w.stack.high)
		t.w.g = m->g;
	if (t.w.g && !m->insched && (!m->csp || jumps(&t)))
		stackwalk_thread(&t.w, m, &t.r);
	else if (stackwalk_is_ours(t.r.pc))
		stackwalk_from(&t.w, &t.r);
	else if (m->csp)
		take_leaf(&t);
	else
		stackwalk_add(&t.w, t.r.pc); /* libc called by the scheduler */
	return t.w.cut ? max + 1 : t.w.n;
}
