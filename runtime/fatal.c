/*
 * Deaths.
 *
 * What is printed needs some stack and no locks that the program could hold:
 * a caller on a goroutine's stack is moved to its thread's first, and all
 * memory is static, for only one thread dies.  Others that want to meanwhile
 * wait for ever; the same one again, by a fault in the printing, leaves at
 * once.
 *
 * In Go's order: the scheduler's lines if they were asked for, what happened,
 * the goroutine that did it, the others.
 */
#include "runtime/fatal.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <pgo/sys.h>

#include "runtime/cpustack.h"
#include "runtime/dump.h"
#include "runtime/env.h"
#include "runtime/outfd.h"
#include "runtime/sched.h"
#include "runtime/schedtrace.h"
#include "runtime/signal.h"
#include "runtime/stackwalk.h"
#include "runtime/sys.h"

enum {
	STATUS_DEAD = 2,        /* as Go */
	STATUS_DEAD_TWICE = 4,
	OUT_BYTES = 4096,
};

/* The dying thread's. */
static struct {
	_Atomic int tid;
	struct outfd out;
	struct dump dump;
	char buf[OUT_BYTES];
} death;

/* Only the first gets past it. */
static void begin(void)
{
	static const char again[] = "fatal error: died again while dying\n";
	_Atomic uint32_t never = 0;
	int nobody = 0;
	int tid = sys_gettid();

	if (atomic_compare_exchange_strong(&death.tid, &nobody, tid)) {
		outfd_begin(&death.out, STDERR_FILENO, death.buf, OUT_BYTES);
		death.dump.out = &death.out.sink;
		death.dump.system = env.traceback >= TRACEBACK_SYSTEM;
		return;
	}
	if (nobody == tid) {
		outfd_flush(&death.out);
		sys_write(STDERR_FILENO, again, sizeof(again) - 1);
		sys_exit_group(STATUS_DEAD_TWICE);
	}
	for (;;)
		futex_wait(&never, 0, -1);
}

/* Raw: the program's wrapper has its own idea of what to do. */
static void set_default(int sig)
{
	struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} act = { 0 };

	sys_call(SYS_rt_sigaction, sig, &act, NULL, sizeof(act.mask));
}

static void abort_with_core(void)
{
	uint64_t set = 1ULL << (SIGABRT - 1);

	set_default(SIGABRT);
	sys_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, sizeof(set));
	sys_call(SYS_tgkill, sys_getpid(), sys_gettid(), SIGABRT, 0);
}

static _Noreturn void leave(void)
{
	outfd_flush(&death.out);
	if (env.traceback == TRACEBACK_CRASH)
		abort_with_core();
	sys_exit_group(STATUS_DEAD);
}

static void put_sched(void)
{
	if (env.schedtrace_ms || env.scheddetail)
		schedtrace_write(&death.out.sink);
}

static void take_self(void)
{
	struct stackwalk w = { .pcs = death.dump.pcs, .max = DUMP_PCS };

	stackwalk_self(&w);
	death.dump.current = w.g;
	death.dump.n = w.n;
	death.dump.cut = w.cut;
}

/* WHOLE: the trouble is the program's, not one goroutine's. */
static void put_goroutines(bool whole)
{
	if (env.traceback == TRACEBACK_NONE)
		return;
	/* What happened is told, whatever comes of asking for lines. */
	outfd_flush(&death.out);
	if (death.dump.current) {
		text_put(&death.out.sink, "\n");
		dump_current(&death.dump);
	}
	if (whole || !death.dump.current || env.traceback >= TRACEBACK_ALL)
		dump_others(&death.dump);
	source_end(&death.dump.source);
}

/* On a big stack from here on --------------------------------------------- */

static void *die(const char *kind, const char *text)
{
	begin();
	put_sched();
	text_put(&death.out.sink, kind);
	text_put(&death.out.sink, text);
	text_put(&death.out.sink, "\n");
	take_self();
	put_goroutines(false);
	leave();
}

/* Every segment chain ends in the first, which its goroutine keeps. */
static const struct g *owner_of(const struct seg *s)
{
	uint32_t n = gtab_count();

	while (s->prev)
		s = s->prev;
	for (uint32_t slot = 0; slot < n; slot++)
		if (gtab_g(slot)->base == s)
			return gtab_g(slot);
	return NULL;
}

static void *die_overrun(const struct seg *s)
{
	const struct g *gp;

	begin();
	put_sched();
	gp = owner_of(s);
	text_put(&death.out.sink, "fatal error: goroutine ");
	text_int(&death.out.sink, gp ? gp->id : 0);
	text_put(&death.out.sink, " overran its stack segment (call foreign "
			     "code through pgo_sys(), or build it with "
			     "pgo-cc)\n");
	/* Its frames cannot be trusted: who it is, and the others. */
	death.dump.current = gp;
	death.dump.n = 0;
	put_goroutines(false);
	leave();
}

/* Moving there ------------------------------------------------------------ */

/* Growth and the way out of C run on the thread's stack with csp set. */
static bool on_segment(void)
{
	const struct m *m = m_get();
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

	return m && m->csp && m->g && seg_holds(m->g->cur, sp);
}

void fatal_throw(const char *text)
{
	if (on_segment())
		pgo_sys((void *)die, "fatal error: ", text);
	else
		die("fatal error: ", text);
	__builtin_unreachable();
}

void fatal_panic(const char *text)
{
	if (on_segment())
		pgo_sys((void *)die, "panic: ", text);
	else
		die("panic: ", text);
	__builtin_unreachable();
}

void fatal_overrun(const struct seg *s)
{
	if (on_segment())
		pgo_sys((void *)die_overrun, s);
	else
		die_overrun(s);
	__builtin_unreachable();
}

/* Signals ----------------------------------------------------------------- */

void fatal_quit(void)
{
	begin();
	put_sched();
	text_put(&death.out.sink, "SIGQUIT: quit\n");
	put_goroutines(true);
	leave();
}

static const struct {
	int sig;
	const char *text;
} crashes[] = {
	{ SIGSEGV, "SIGSEGV: segmentation violation" },
	{ SIGBUS, "SIGBUS: bus error" },
	{ SIGFPE, "SIGFPE: floating-point exception" },
	{ SIGILL, "SIGILL: illegal instruction" },
};

enum { CRASHES = sizeof(crashes) / sizeof(crashes[0]) };

static const char *crash_text(int sig)
{
	for (size_t i = 0; i < CRASHES; i++)
		if (crashes[i].sig == sig)
			return crashes[i].text;
	return "unknown";
}

static void put_crash(int sig, const siginfo_t *info, const ucontext_t *uc)
{
	const struct text_sink *t = &death.out.sink;

	text_put(t, "fatal error: unexpected signal during runtime "
		     "execution\n[signal ");
	text_put(t, crash_text(sig));
	text_put(t, " code=");
	text_hex(t, (uint32_t)info->si_code);
	text_put(t, " addr=");
	text_hex(t, (uintptr_t)info->si_addr);
	text_put(t, " pc=");
	text_hex(t, (uint64_t)uc->uc_mcontext.gregs[REG_RIP]);
	text_put(t, "]\n");
}

static void take_crashed(const ucontext_t *uc)
{
	struct m *m = m_get();
	size_t n;
	uint64_t tag;

	if (!m || m->insched || !m->g)
		return;
	death.dump.current = m->g;
	n = cpustack_take(m, uc, death.dump.pcs, DUMP_PCS, &tag);
	death.dump.cut = n > DUMP_PCS;
	death.dump.n = death.dump.cut ? DUMP_PCS : n;
}

/* Returns to where it happened, so that a core file shows that. */
static void on_crash(int sig, siginfo_t *info, void *uc)
{
	begin();
	put_sched();
	put_crash(sig, info, uc);
	take_crashed(uc);
	put_goroutines(false);
	outfd_flush(&death.out);
	set_default(sig);
	/* Sent by somebody: nothing would happen again by itself. */
	if (info->si_code <= 0)
		sys_call(SYS_tgkill, sys_getpid(), sys_gettid(), sig, 0);
}

int fatal_setup(void)
{
	struct sigaction old;
	int rc = 0;

	for (size_t i = 0; i < CRASHES && !rc; i++)
		if (!sigaction(crashes[i].sig, NULL, &old) &&
		    old.sa_handler == SIG_DFL)
			rc = signal_handle(crashes[i].sig, on_crash, 0);
	return rc;
}
