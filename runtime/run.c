/*
 * From a plain program to a scheduler: pgo_run(), and back, or pgo_start().
 *
 * Whoever comes first begins, once in a process.  pgo_start() is for libraries
 * too, which cannot know who else has called it: the others wait until it is
 * known how that went.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <pgo/go.h>
#include <pgo/sys.h>

#include "lib/base/clock.h"
#include "runtime/agentload.h"
#include "runtime/arena.h"
#include "runtime/barrier.h"
#include "runtime/cpuprof.h"
#include "runtime/crash.h"
#include "runtime/dice.h"
#include "runtime/env.h"
#include "runtime/exceptions.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/forked.h"
#include "runtime/leakcheck.h"
#include "runtime/malloc/sampled.h"
#include "runtime/net/netpoll.h"
#include "runtime/preempt.h"
#include "runtime/procs.h"
#include "runtime/sched.h"
#include "runtime/signal.h"
#include "runtime/stackwalk.h"
#include "runtime/sys.h"
#include "runtime/sysmon.h"
#include "runtime/times.h"
#include "runtime/vec.h"

enum { LET_END_NS = 10000000, LET_END_NAP_NS = 20000 };

static int setup(void)
{
	int rc;

	fiber_setup();
	env_read();
	dice_seed(env.seed);
	sampled_rate = (uint64_t)env.memprofilerate;
	vec_setup();
	stackwalk_setup();
	seg_setup(env.stack_min_bytes);
	arena_setup(fiber_stack_bytes(env.stack_min_bytes), env.guard);
	stackmode_setup();
	if (fiber_watch.sanitized || env.seeded || env.steal_always ||
	    env.yield_always)
		atomic_fetch_or(&sched.slow, SLOW_ALWAYS);
	times_setup();
	preempt_setup();
	sched.start_ns = clock_mono_ns();
	sched_set_now(sched.start_ns);
	rc = barrier_setup();
	if (rc)
		return rc;
	rc = procs_setup();
	if (!rc)
		rc = forked_setup();
	if (!rc)
		rc = signal_setup();
	if (!rc)
		rc = crash_setup();
	if (!rc)
		rc = cpuprof_setup();
	if (!rc)
		exceptions_setup();
	if (!rc)
		agentload_start();
	leakcheck_setup();
	/* exit() meanwhile would hide a death that is being told. */
	if (!rc && atexit(fatal_let_die))
		rc = -ENOMEM;
	return rc;
}

static bool others_may_end(void)
{
	return atomic_load(&sched.live) > 1 && sched_others_are_busy();
}

/* Not for those that wait for something, and not for long: sysmon stops all
 * where who never lets go has every P.  M0 does not take part meanwhile, or the
 * return of pgo_run() would be behind somebody's call into C. */
void sched_let_end(void)
{
	int64_t end_ns = clock_mono_ns() + LET_END_NS;

	if (!others_may_end())
		return;
	if (m_get() == sched.m0)
		pgo_lock_os_thread();
	atomic_store(&sched.end_ns, end_ns);
	do
		pgo_sleep(LET_END_NAP_NS);
	while (others_may_end() && clock_mono_ns() < end_ns);
}

void sched_stop(void)
{
	struct m *m;

	atomic_store(&sched.stopping, 1);
	atomic_fetch_or(&sched.gate, GATE_STOPPING);
	for (m = atomic_load(&sched.allm); m; m = m->alllink) {
		m->attn = 1;
		netpoll_wake_m(m);
	}
	sysmon_wake();
}

static struct g *new_goroutine(void (*fn)(void *), void *arg,
			       uintptr_t created_pc,
			       const struct stack_want *want)
{
	struct g *me = g_get();
	struct g *gp;

	forked_check();
	gp = g_new(fn, arg, want);
	if (!gp)
		return NULL;
	gp->id = atomic_fetch_add_explicit(&sched.last_id, 1,
					   memory_order_relaxed) + 1;
	gp->parent_id = me ? me->id : 0;
	gp->created_pc = created_pc;
	fiber_new(gp);
	atomic_fetch_add_explicit(&sched.live, 1, memory_order_relaxed);
	return gp;
}

/* Beginning ---------------------------------------------------------------- */

enum { NOT_BEGUN, BEGINNING, BEGUN };

static struct {
	_Atomic uint32_t state;
	int rc;                 /* constant once it has begun */
} world;

static bool begin(void)
{
	uint32_t not_begun = NOT_BEGUN;

	return atomic_compare_exchange_strong(&world.state, &not_begun,
					      BEGINNING);
}

static void begun(int rc)
{
	world.rc = rc;
	atomic_store(&world.state, BEGUN);
	futex_wake(&world.state, INT_MAX);
}

/* Another's beginning: 0 when that went well. */
static int wait_begun(void)
{
	while (atomic_load(&world.state) == BEGINNING)
		futex_wait(&world.state, BEGINNING, -1);
	return world.rc;
}

/* The caller's thread is M0 until goroutine 1 has returned. */
static int run(void (*fn)(void *), void *arg)
{
	struct m *m = m_new();
	struct g *gp = NULL;
	int rc;

	if (!m)
		return -ENOMEM;
	sched.m0 = m;
	m_begin(m);
	sched_take_p(m, sched_pidle_get());
	rc = sysmon_start();
	if (!rc) {
		gp = new_goroutine(fn, arg, 0, &stackmode_usual);
		rc = gp ? 0 : -ENOMEM;
	}
	begun(rc);
	if (gp)
		sched_loop(m, gp);
	fiber_acquire(&sched);
	m_end(m);
	atomic_store(&sched.m0_home, 1);
	return rc;
}

int pgo_run(void (*fn)(void *), void *arg)
{
	int rc;

	if (!begin())
		return -EALREADY;
	rc = setup();
	if (!rc)
		rc = run(fn, arg);
	else
		begun(rc);
	fatal_let_die();
	leakcheck_let_exit();
	cpuprof_finish();
	if (!rc && atomic_load(&sched.live))
		rc = -EBUSY;
	return rc;
}

/* No thread is M0, and none is goroutine 1: the first M finds nobody to run
 * and waits. */
static int run_beside(void)
{
	int rc = m_spawn();

	if (!rc)
		rc = sysmon_start();
	if (!rc)
		atomic_store(&sched.last_id, 1);
	return rc;
}

static int start(void)
{
	int rc;

	if (!begin()) {
		rc = wait_begun();
		return rc ? rc : -EALREADY;
	}
	rc = setup();
	if (!rc)
		rc = run_beside();
	begun(rc);
	return rc;
}

int pgo_start(void)
{
	/* Files are read and threads made. */
	return (int)(intptr_t)pgo_sys(start);
}

/* -------------------------------------------------------------------------- */

/* CREATED_PC: in who asked for it. */
static int64_t go(void (*fn)(void *), void *arg, uintptr_t created_pc,
		  const struct stack_want *want)
{
	struct g *gp;
	int64_t id;

	if (!fn)
		fatal_throw("go of nil func value");
	gp = new_goroutine(fn, arg, created_pc, want);
	if (!gp)
		return -ENOMEM;
	/* Once it is started it may end, and be another. */
	id = gp->id;
	sched_start(gp);
	return id;
}

/* Not before goroutine 1, which pgo_run() itself starts: a thread of the
 * program's may be faster.  */
static bool is_time_to_go(void)
{
	return atomic_load(&sched.last_id) && !atomic_load(&sched.stopping);
}

int64_t pgo_go(void (*fn)(void *), void *arg)
{
	if (!is_time_to_go())
		return -EINVAL;
	return go(fn, arg, (uintptr_t)__builtin_return_address(0),
		  &stackmode_usual);
}

int64_t pgo_go_opts(const struct pgo_go_opts *o, void (*fn)(void *), void *arg)
{
	struct pgo_go_opts opts = { 0 };
	struct stack_want want;
	int rc;

	if (!is_time_to_go() || (o && o->size > sizeof(opts)))
		return -EINVAL;
	if (o)
		memcpy(&opts, o, o->size);
	rc = stackmode_want(&want, opts.stack, opts.stack_bytes);
	if (rc)
		return rc;
	return go(fn, arg, (uintptr_t)__builtin_return_address(0), &want);
}

int64_t pgo_goid(void)
{
	struct g *gp = g_get();

	return gp ? gp->id : 0;
}

int64_t pgo_numgoroutine(void)
{
	return atomic_load_explicit(&sched.live, memory_order_relaxed);
}
