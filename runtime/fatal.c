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

#include "runtime/arena.h"
#include "runtime/dump.h"
#include "runtime/env.h"
#include "runtime/fiber.h"
#include "runtime/forked.h"
#include "runtime/names.h"
#include "runtime/outfd.h"
#include "runtime/sched.h"
#include "runtime/schedtrace.h"
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

static void put_sched(void)
{
	if (env.schedtrace_ms || env.scheddetail)
		schedtrace_write(&death.out.sink);
}

struct dump *fatal_begin(void)
{
	static const char again[] = "fatal error: died again while dying\n";
	_Atomic uint32_t never = 0;
	int nobody = 0;
	int tid = sys_gettid();

	if (atomic_compare_exchange_strong(&death.tid, &nobody, tid)) {
		outfd_begin(&death.out, STDERR_FILENO, death.buf, OUT_BYTES);
		death.dump.out = &death.out.sink;
		death.dump.system = env.traceback >= TRACEBACK_SYSTEM;
		names_hurry();
		put_sched();
		return &death.dump;
	}
	if (nobody == tid) {
		outfd_flush(&death.out);
		sys_write(STDERR_FILENO, again, sizeof(again) - 1);
		sys_exit_group(STATUS_DEAD_TWICE);
	}
	for (;;)
		futex_wait(&never, 0, -1);
}

void fatal_let_die(void)
{
	_Atomic uint32_t never = 0;

	while (atomic_load(&death.tid) && !is_forked)
		futex_wait(&never, 0, -1);
}

void fatal_set_default(int sig)
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

	fatal_set_default(SIGABRT);
	sys_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, sizeof(set));
	sys_call(SYS_tgkill, sys_getpid(), sys_gettid(), SIGABRT, 0);
}

_Noreturn void fatal_leave(void)
{
	outfd_flush(&death.out);
	fiber_end();
	if (env.traceback == TRACEBACK_CRASH)
		abort_with_core();
	sys_exit_group(STATUS_DEAD);
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

void fatal_put_goroutines(void)
{
	put_goroutines(false);
}

void fatal_flush(void)
{
	outfd_flush(&death.out);
}

/* On a big stack from here on --------------------------------------------- */

static void *die(const char *kind, const char *text)
{
	fatal_begin();
	text_put(&death.out.sink, kind);
	text_put(&death.out.sink, text);
	text_put(&death.out.sink, "\n");
	take_self();
	put_goroutines(false);
	fatal_leave();
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

/* As Go says it, and the way out. */
void fatal_put_overflow(const struct g *gp, uintptr_t sp)
{
	const struct text_sink *t = &death.out.sink;
	const struct seg *s = gp->cur;
	bool fixed = seg_is_fixed(s);

	text_put(t, "runtime: goroutine stack exceeds ");
	text_uint(t, fixed ? arena_room(s) : env.stack_max_bytes);
	text_put(t, "-byte limit\nruntime: sp=");
	text_hex(t, sp);
	text_put(t, " stack=[");
	text_hex(t, (uintptr_t)s->low);
	text_put(t, ", ");
	text_hex(t, (uintptr_t)s);
	text_put(t, fixed ? "] (stack_bytes of pgo_go_opts(), or PGODEBUG="
			    "stackmin=BYTES, gives more)\n" :
			    "] (PGODEBUG=stackmax=BYTES gives more)\n");
	text_put(t, "fatal error: stack overflow\n");
}

static void put_overrun(const struct g *gp)
{
	const struct text_sink *t = &death.out.sink;

	text_put(t, "fatal error: goroutine ");
	text_int(t, gp ? gp->id : 0);
	text_put(t, " overran its stack segment (call foreign code through "
		    "pgo_sys(), or build it with pgo-cc)\n");
}

static void *die_overrun(const struct seg *s)
{
	const struct g *gp;

	fatal_begin();
	gp = owner_of(s);
	if (gp && seg_is_fixed(s))
		fatal_put_overflow(gp, (uintptr_t)gp->sp);
	else
		put_overrun(gp);
	/* Its frames cannot be trusted: who it is, and the others. */
	death.dump.current = gp;
	death.dump.n = 0;
	put_goroutines(false);
	fatal_leave();
}

void fatal_overflow(const struct g *gp, uintptr_t sp)
{
	fatal_begin();
	fatal_put_overflow(gp, sp);
	take_self();
	put_goroutines(false);
	fatal_leave();
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

void fatal_quit(void)
{
	fatal_begin();
	text_put(&death.out.sink, "SIGQUIT: quit\n");
	put_goroutines(true);
	fatal_leave();
}
