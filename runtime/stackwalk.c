/*
 * Every load is checked against the pieces, so that whatever lies on a stack
 * cannot make a walk fault; see lib/sample/walk.h.
 */
#include "runtime/stackwalk.h"

#include <link.h>

#include "runtime/fiber.h"
#include "runtime/m.h"
#include "runtime/preempt.h"
#include "runtime/sched.h"

enum {
	SEGMENTS_MAX = 4096,    /* of one goroutine that are looked at */
	LIBRARIES_MAX = 64,
	C_FRAMES_MAX = 100,     /* of one call into C */
};

/* Constant after stackwalk_setup(). */
static struct {
	struct cfi cfi;
	size_t n_hidden;
} code;

/*
 * The libraries the program was started with, constant before main(): they stay
 * loaded.  Those of dlopen() may go while a signal handler walks, so frames
 * behind theirs are not looked for.
 */
static struct {
	size_t n;
	struct library {
		struct cfi cfi;
		bool has_thread_locals;
	} at[LIBRARIES_MAX];
} libraries;

/* What is executed of it and has call frame information. */
static int add_code(struct dl_phdr_info *info, size_t bytes, void *arg)
{
	struct library *new = &libraries.at[libraries.n];
	uintptr_t at = 0;
	bool has_frames = false;
	bool has_thread_locals = false;

	(void)bytes;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];

		has_frames |= ph->p_type == PT_GNU_EH_FRAME;
		has_thread_locals |= ph->p_type == PT_TLS;
		if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X))
			at = info->dlpi_addr + ph->p_vaddr;
	}
	if (libraries.n == LIBRARIES_MAX)
		return 1;
	if (has_frames && at && !cfi_init(&new->cfi, (const void *)at)) {
		new->has_thread_locals = has_thread_locals;
		libraries.n++;
	}
	return 0;
}

__attribute__((constructor)) static void find_libraries(void)
{
	dl_iterate_phdr(add_code, NULL);
}

static const struct library *library_of(uintptr_t pc)
{
	for (size_t i = 0; i < libraries.n; i++)
		if (pc >= libraries.at[i].cfi.text_low &&
		    pc < libraries.at[i].cfi.text_high)
			return &libraries.at[i];
	return NULL;
}

struct walk_range stackwalk_hidden[STACKWALK_HIDDEN];

void __morestack(void);
void pgo_gostart(void);
void pgo_thunk_regs(void);
void pgo_thunk_stack(void);
void pgo_thunk_any(void);
void pgo_thunk_leaf(void);
void pgo_here_regs(void);
void pgo_here_stack(void);
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
	hide((uintptr_t)pgo_here_regs);
	hide((uintptr_t)pgo_here_stack);
	hide((uintptr_t)pgo_dl_trampolines);
}

bool stackwalk_is_ours(uintptr_t pc)
{
	return pc >= code.cfi.text_low && pc < code.cfi.text_high;
}

static const struct cfi *cfi_of(uintptr_t pc)
{
	const struct library *l;

	if (stackwalk_is_ours(pc))
		return &code.cfi;
	l = library_of(pc);
	return l ? &l->cfi : NULL;
}

bool stackwalk_has_thread_locals(uintptr_t pc)
{
	const struct library *l = stackwalk_is_ours(pc) ? NULL : library_of(pc);

	return l && l->has_thread_locals;
}

bool stackwalk_extent(uintptr_t pc, uintptr_t *low, uintptr_t *high)
{
	const struct cfi *cfi = cfi_of(pc);

	return cfi && cfi_extent(cfi, pc, low, high) == 0;
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

/* OUTSIDE as in struct walk. */
static enum walk_end walk_until(struct stackwalk *sw, const struct walk_regs *r,
				struct walk_regs *outside)
{
	enum walk_end end;
	struct walk w = {
		.range = range,
		.ctx = sw,
		.cfi = code.cfi.text_high && !sw->standing ? &code.cfi : NULL,
		.text = { code.cfi.text_low, code.cfi.text_high },
		.outside = outside,
		.hidden = stackwalk_hidden,
		.n_hidden = code.n_hidden,
	};

	sw->n += walk_stack(&w, r, sw->pcs + sw->n, sw->max - sw->n, &end);
	sw->cut = end == WALK_CUT;
	return end;
}

enum walk_end stackwalk_from(struct stackwalk *w, const struct walk_regs *r)
{
	return walk_until(w, r, NULL);
}

bool stackwalk_up(const struct g *gp, struct walk_regs *r)
{
	struct stackwalk on = { .g = gp };
	struct walk w = { .range = range, .ctx = &on, .cfi = cfi_of(r->pc) };

	return w.cfi && walk_up(&w, r);
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

/* A thunk, which the goroutine's call into C goes through. */
static bool is_hidden(uintptr_t pc)
{
	return walk_ranges_hold(stackwalk_hidden, code.n_hidden, pc);
}

/*
 * R, in a library, becomes the code of ours that called it; ENTRY is where the
 * library was entered: the function that was called, as far as it is known.
 */
static bool climb_out(const struct stackwalk *sw, struct walk_regs *r,
		      uintptr_t *entry)
{
	struct walk w = { .range = range, .ctx = (void *)sw };

	for (int i = 0; i < C_FRAMES_MAX; i++) {
		uintptr_t at = r->pc - r->called;

		if (stackwalk_is_ours(at))
			return true;
		w.cfi = cfi_of(at);
		*entry = r->pc;
		if (!w.cfi || !walk_up(&w, r))
			return false;
	}
	return false;
}

/* Not yet, or not any more, on the goroutine's stack.  A sanitizer wants C
 * there too. */
static bool is_in_c(const struct stackwalk *w, const struct walk_regs *r)
{
	return fiber_watch.sanitized || (r->r[WALK_SP] >= w->stack.low &&
					 r->r[WALK_SP] < w->stack.high);
}

/* From OUT, in a library, to the program's code that called it.  False when
 * that is the goroutine's, or is not found. */
static bool next_callback(struct stackwalk *w, struct walk_regs *out)
{
	uintptr_t entry = 0;

	if (!climb_out(w, out, &entry))
		return false;
	if (entry && is_hidden(out->pc - 1))
		return false;
	if (entry)
		stackwalk_add(w, entry);
	return true;
}

bool stackwalk_library(struct stackwalk *w, const struct walk_regs *r)
{
	struct walk_regs at = *r;
	uintptr_t entry = 0;

	if (!climb_out(w, &at, &entry))
		return false;
	stackwalk_add(w, entry);
	stackwalk_from(w, &at);
	return true;
}

void stackwalk_thread(struct stackwalk *w, const struct m *m,
		      const struct walk_regs *r)
{
	struct walk_regs at = *r;
	enum walk_end end = WALK_OUTSIDE;

	while (end == WALK_OUTSIDE && next_callback(w, &at)) {
		struct walk_regs from = at;

		end = walk_until(w, &from, &at);
		/* A C function of the program, or the thunk itself: the walk
		 * went through to the goroutine. */
		if (end != WALK_OUTSIDE && end != WALK_LOST)
			return;
		if (end == WALK_OUTSIDE && !is_in_c(w, &at)) {
			stackwalk_from(w, &at);
			return;
		}
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

static void walk_bound(struct stackwalk *w, const struct m *m)
{
	const uintptr_t *frame = m->bound_frame;
	struct walk_regs r = { .called = true };
	uintptr_t at = (uintptr_t)frame;

	if (at >= m->stack_low && at < m->stack_high) {
		w->stack.low = at;
		w->stack.high = m->stack_high;
	}
	/* In a signal handler it is on another stack. */
	if (!stackwalk_word(w, at + sizeof(*frame))) {
		stackwalk_in_c(w, m);
		return;
	}
	r.pc = frame[1];
	r.r[WALK_FP] = frame[0];
	r.r[WALK_SP] = at + 2 * sizeof(*frame);
	stackwalk_thread(w, m, &r);
}

/* Who was taken off his thread by a signal has frame records that are whole,
 * and no other frame is behind a call. */
static void walk_left(struct stackwalk *w, uintptr_t pc, uintptr_t fp,
		      uintptr_t sp)
{
	w->standing = preempt_is_back(pc);
	stackwalk_caller(w, pc, fp, sp);
}

void stackwalk_parked(struct stackwalk *w, const struct g *gp)
{
	uintptr_t sp = (uintptr_t)gp->sp;
	uintptr_t pc, fp;

	w->g = gp;
	/* It keeps its M: asleep in a callback, or about to go on there. */
	if (gp->m) {
		walk_bound(w, gp->m);
		return;
	}
	pc = stackwalk_word(w, sp + offsetof(struct left, pc));
	fp = stackwalk_word(w, sp + offsetof(struct left, rbp));
	if (pc == (uintptr_t)pgo_gostart)
		stackwalk_add(w, (uintptr_t)gp->fn);
	else
		walk_left(w, pc, fp, sp + sizeof(struct left));
}
