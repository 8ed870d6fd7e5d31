/*
 * Crash signals: told in Go's words, then the death of any C program.
 *
 *   SIGSEGV: segmentation violation
 *   PC=0x401234 m=0 sigcode=1 addr=0x10
 *   signal arrived during cgo execution             in C for a goroutine
 *   [signal SIGSEGV: segmentation violation code=0x1 addr=0x10 pc=0x401234]
 *
 * then the goroutine and the registers.  The process dies by the signal, so
 * that whoever waits for it, and a core file, see what they would without us.
 *
 * The handler runs on the M's signal stack with every signal blocked: a fault
 * in here is the kernel's to punish.  What it takes to look at goroutines it
 * takes without malloc and without waiting for anyone; see runtime/fatal.c.
 */
#include "runtime/crash.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "lib/wire/text.h"
#include "runtime/arena.h"
#include "runtime/cpustack.h"
#include "runtime/dump.h"
#include "runtime/env.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/m.h"
#include "runtime/names.h"
#include "runtime/signal.h"
#include "runtime/stackwalk.h"
#include "runtime/sys.h"

static const struct crash {
	int sig;
	const char *text;
} crashes[] = {
	{ SIGSEGV, "SIGSEGV: segmentation violation" },
	{ SIGBUS, "SIGBUS: bus error" },
	{ SIGFPE, "SIGFPE: floating-point exception" },
	{ SIGILL, "SIGILL: illegal instruction" },
	{ SIGTRAP, "SIGTRAP: trace trap" },
	{ SIGABRT, "SIGABRT: abort" },
	{ SIGSYS, "SIGSYS: bad system call" },
};

enum { CRASHES = sizeof(crashes) / sizeof(crashes[0]) };

static const struct crash *crash_of(int sig)
{
	const struct crash *c = crashes;

	while (c < crashes + CRASHES - 1 && c->sig != sig)
		c++;
	return c;
}

/* What is said ------------------------------------------------------------ */

static bool has_address(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS;
}

static void put_crash(const struct text_sink *t, const struct crash *c,
		      const siginfo_t *info, uint64_t pc)
{
	const struct m *m = m_get();

	text_put(t, c->text);
	text_put(t, "\nPC=");
	text_hex(t, pc);
	text_put(t, " m=");
	text_int(t, m ? (int64_t)m->id : -1);
	text_put(t, " sigcode=");
	text_int(t, info->si_code);
	if (has_address(c->sig)) {
		text_put(t, " addr=");
		text_hex(t, (uintptr_t)info->si_addr);
	}
	if (m && m_is_in_c(m))
		text_put(t, "\nsignal arrived during cgo execution");
	text_put(t, "\n[signal ");
	text_put(t, c->text);
	text_put(t, " code=");
	text_hex(t, (uint32_t)info->si_code);
	text_put(t, " addr=");
	text_hex(t, has_address(c->sig) ? (uintptr_t)info->si_addr : 0);
	text_put(t, " pc=");
	text_hex(t, pc);
	text_put(t, "]\n");
}

static void put_registers(const struct text_sink *t, const ucontext_t *uc)
{
	static const struct {
		int greg;
		const char *name;
	} regs[] = {
		{ REG_RAX, "rax    " }, { REG_RBX, "rbx    " },
		{ REG_RCX, "rcx    " }, { REG_RDX, "rdx    " },
		{ REG_RDI, "rdi    " }, { REG_RSI, "rsi    " },
		{ REG_RBP, "rbp    " }, { REG_RSP, "rsp    " },
		{ REG_R8, "r8     " },  { REG_R9, "r9     " },
		{ REG_R10, "r10    " }, { REG_R11, "r11    " },
		{ REG_R12, "r12    " }, { REG_R13, "r13    " },
		{ REG_R14, "r14    " }, { REG_R15, "r15    " },
		{ REG_RIP, "rip    " }, { REG_EFL, "rflags " },
	};

	text_put(t, "\n");
	for (size_t i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		text_put(t, regs[i].name);
		text_hex(t, (uint64_t)uc->uc_mcontext.gregs[regs[i].greg]);
		text_put(t, "\n");
	}
}

/* Whose stack ------------------------------------------------------------- */

static bool is_on_a_stack(const struct m *m, uintptr_t sp)
{
	return (sp & 7) == 0 &&
	       (seg_holds(m->g->cur, sp) ||
		(sp >= m->stack_low && sp < m->stack_high));
}

/* A call of what is no code: the caller is where sp points to. */
static void take_after_wild_call(struct dump *d, struct m *m,
				 const ucontext_t *uc)
{
	static ucontext_t caller;       /* one thread dies; it is large */
	const uintptr_t *sp = (const void *)uc->uc_mcontext.gregs[REG_RSP];
	uint64_t tag;

	caller = *uc;
	caller.uc_mcontext.gregs[REG_RIP] = (greg_t)*sp;
	caller.uc_mcontext.gregs[REG_RSP] += (greg_t)sizeof(*sp);
	d->pcs[0] = (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
	d->n = 1 + cpustack_take(m, &caller, d->pcs + 1, DUMP_PCS - 1, &tag);
}

static bool is_wild_call(int sig, const siginfo_t *info, const ucontext_t *uc)
{
	const greg_t *regs = uc->uc_mcontext.gregs;

	return sig == SIGSEGV && info->si_code > 0 &&
	       (greg_t)info->si_addr == regs[REG_RIP] &&
	       is_on_a_stack(m_get(), (uintptr_t)regs[REG_RSP]);
}

/* In a handler that interrupted goroutine code: its frames, then those it
 * interrupted. */
static void take_in_handler(struct dump *d, struct m *m, const ucontext_t *uc)
{
	struct stackwalk w = { .pcs = d->pcs, .max = DUMP_PCS / 2 };
	struct walk_regs r;
	uint64_t tag;

	w.stack.low = m->alt_low;
	w.stack.high = m->alt_low + SIGNAL_STACK_BYTES;
	walk_regs_from(&r, uc);
	stackwalk_from(&w, &r);
	/* As it was; who dies does not go back. */
	m->csp = m->ctop;
	m->insched = 0;
	d->n = w.n + cpustack_take(m, m->interrupted, d->pcs + w.n,
				   DUMP_PCS - w.n, &tag);
}

static void take_stack(struct dump *d, int sig, const siginfo_t *info,
		       const ucontext_t *uc)
{
	struct m *m = m_get();
	uint64_t tag;

	if (!m || !m->g || (m->insched && !m->handlers))
		return;
	d->current = m->g;
	if (m->insched)
		take_in_handler(d, m, uc);
	else if (is_wild_call(sig, info, uc))
		take_after_wild_call(d, m, uc);
	else
		d->n = cpustack_take(m, uc, d->pcs, DUMP_PCS, &tag);
	d->cut = d->n > DUMP_PCS;
	if (d->cut)
		d->n = DUMP_PCS;
}

/* Overflows ---------------------------------------------------------------- */

enum {
	OVERFLOW_BYTES = 1 << 30,       /* of one frame */
	STACK_EDGE_BYTES = 64 << 10,    /* the low end is known to pages */
};

/* Frames that end here are below a stack that begins at LOW: there is no
 * guard, or a large one went past it. */
static bool is_below(uintptr_t low, uintptr_t sp)
{
	return sp < low && low - sp < OVERFLOW_BYTES;
}

/* Code that does not check its stack ran into the guard below it, or on. */
static bool is_goroutine_full(const struct m *m, uintptr_t addr, uintptr_t sp)
{
	const struct seg *base = m->g->base;

	return arena_guards(base, addr) ||
	       (m->csp && seg_is_fixed(base) &&
		is_below((uintptr_t)base->low, sp));
}

/* The same in C, on the thread's stack. */
static bool is_thread_full(const struct m *m, uintptr_t addr, uintptr_t sp)
{
	uintptr_t low = m->stack_low;

	return !m->csp && (is_below(low, sp) ||
			   (addr < low && low - addr <= STACK_EDGE_BYTES &&
			    sp - low < STACK_EDGE_BYTES));
}

static void put_thread_overflow(const struct text_sink *t, const struct m *m,
				uintptr_t sp)
{
	struct name name;

	names_find((uintptr_t)m->ctarget, &name);
	text_put(t, "runtime: thread stack exceeds ");
	text_uint(t, m->stack_high - m->stack_low);
	text_put(t, "-byte limit\nruntime: sp=");
	text_hex(t, sp);
	text_put(t, " stack=[");
	text_hex(t, m->stack_low);
	text_put(t, ", ");
	text_hex(t, m->stack_high);
	text_put(t, "] (goroutine ");
	text_int(t, m->g->id);
	text_put(t, " in C: ");
	text_put(t, name.func ? name.func : "??");
	text_put(t, "() and what it calls back; a goroutine of its own has "
		    "more)\nfatal error: stack overflow\n");
}

/* No crash of C's: the death of a goroutine, as where a prologue finds that
 * there is no room. */
static void die_if_full(struct dump *d, const siginfo_t *info,
			const ucontext_t *uc)
{
	const struct m *m = m_get();
	uintptr_t addr = (uintptr_t)info->si_addr;
	uintptr_t sp = (uintptr_t)uc->uc_mcontext.gregs[REG_RSP];

	if (info->si_signo != SIGSEGV || info->si_code <= 0 || !m ||
	    m->insched || !m->g)
		return;
	if (is_goroutine_full(m, addr, sp))
		fatal_put_overflow(m->g, sp);
	else if (is_thread_full(m, addr, sp))
		put_thread_overflow(d->out, m, sp);
	else
		return;
	take_stack(d, SIGSEGV, info, uc);
	fatal_put_goroutines();
	fatal_leave();
}

/* -------------------------------------------------------------------------- */

static void on_crash(int sig, siginfo_t *info, void *uc)
{
	const struct crash *c = crash_of(sig);
	const ucontext_t *at = uc;
	struct dump *d = fatal_begin();

	die_if_full(d, info, at);
	put_crash(d->out, c, info, (uint64_t)at->uc_mcontext.gregs[REG_RIP]);
	/* Out with it, before what follows dies of the same trouble. */
	fatal_flush();
	take_stack(d, sig, info, at);
	fatal_put_goroutines();
	if (env.traceback != TRACEBACK_NONE)
		put_registers(d->out, at);
	fatal_flush();
	fiber_end();
	fatal_set_default(sig);
	/* Once more, as it was, where it happened: a core file shows that.
	 * The instruction alone might find memory there by now, of this dump's
	 * own.  Valgrind would take that for a fault of its own. */
	if (fiber_watch.valgrind)
		sys_call(SYS_tgkill, sys_getpid(), sys_gettid(), sig, 0);
	else
		sys_call(SYS_rt_tgsigqueueinfo, sys_getpid(), sys_gettid(),
			 sig, info);
}

int crash_setup(void)
{
	struct sigaction old;
	int rc = 0;

	for (size_t i = 0; i < CRASHES && !rc; i++)
		if (!signal_action(crashes[i].sig, NULL, &old) &&
		    old.sa_handler == SIG_DFL)
			rc = signal_handle(crashes[i].sig, on_crash, 0);
	return rc;
}
