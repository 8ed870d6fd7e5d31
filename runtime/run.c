/* pgo_run(): from a plain program to a scheduler and back. */
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>

#include <pgo/go.h>

#include "lib/base/clock.h"
#include "runtime/agentload.h"
#include "runtime/arena.h"
#include "runtime/cpuprof.h"
#include "runtime/crash.h"
#include "runtime/dice.h"
#include "runtime/env.h"
#include "runtime/sched.h"
#include "runtime/signal.h"
#include "runtime/stackwalk.h"
#include "runtime/sys.h"
#include "runtime/sysmon.h"
#include "runtime/vec.h"

static int make_ps(void)
{
	size_t bytes = sizeof(struct p) * (size_t)env.gomaxprocs;
	struct p *ps = sys_map(bytes);

	if (!ps)
		return -ENOMEM;
	sched.gomaxprocs = env.gomaxprocs;
	for (int i = env.gomaxprocs - 1; i >= 0; i--) {
		ps[i].id = i;
		ps[i].rand = (env.seed * MAX_PROCS + (uint32_t)i) *
				     2654435761u + 1;
		sched_pidle_put(&ps[i]);
	}
	sched.ps = ps;
	return 0;
}

static int setup(void)
{
	int rc;

	env_read();
	dice_seed(env.seed);
	vec_setup();
	stackwalk_setup();
	seg_setup(env.stack_min_bytes);
	arena_setup(env.stack_min_bytes, env.guard);
	stackmode_setup();
	sched.start_ns = clock_mono_ns();
	rc = (int)sys_call(SYS_membarrier,
			   MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0);
	if (rc)
		return rc;
	rc = make_ps();
	if (!rc)
		rc = signal_setup();
	if (!rc)
		rc = crash_setup();
	if (!rc)
		rc = cpuprof_setup();
	if (!rc)
		agentload_start();
	return rc;
}

void sched_stop(void)
{
	struct m *m;

	atomic_store(&sched.stopping, 1);
	for (m = atomic_load(&sched.allm); m; m = m->alllink) {
		m->attn = 1;
		note_wake(&m->note);
	}
	sysmon_wake();
}

static int64_t start(void (*fn)(void *), void *arg, uintptr_t created_pc,
		     const struct stack_want *want)
{
	struct g *me = g_get();
	struct g *gp = g_new(fn, arg, want);
	int64_t id;

	if (!gp)
		return -ENOMEM;
	/* Once it is started it may end, and be another. */
	id = atomic_fetch_add_explicit(&sched.last_id, 1,
				       memory_order_relaxed) + 1;
	gp->id = id;
	gp->parent_id = me ? me->id : 0;
	gp->created_pc = created_pc;
	atomic_fetch_add_explicit(&sched.live, 1, memory_order_relaxed);
	sched_start(gp);
	return id;
}

/* The caller's thread is M0 until goroutine 1 has returned. */
static int run(void (*fn)(void *), void *arg)
{
	struct stack_want want = stackmode_usual();
	struct m *m = m_new();
	int64_t id;
	int rc;

	if (!m)
		return -ENOMEM;
	sched.m0 = m;
	m_begin(m);
	sched_take_p(m, sched_pidle_get());
	rc = sysmon_start();
	id = rc ? rc : start(fn, arg, 0, &want);
	if (id > 0)
		sched_loop(m);
	m_end(m);
	atomic_store(&sched.m0_home, 1);
	return id < 0 ? (int)id : 0;
}

int pgo_run(void (*fn)(void *), void *arg)
{
	static _Atomic uint32_t begun;
	int rc;

	if (atomic_exchange(&begun, 1))
		return -EALREADY;
	rc = setup();
	if (!rc)
		rc = run(fn, arg);
	cpuprof_finish();
	if (!rc && atomic_load(&sched.live))
		rc = -EBUSY;
	return rc;
}

/* Not before goroutine 1, which pgo_run() itself starts: a thread of the
 * program's may be faster.  */
static bool is_time_to_go(void)
{
	return atomic_load(&sched.last_id) && !atomic_load(&sched.stopping);
}

int64_t pgo_go(void (*fn)(void *), void *arg)
{
	struct stack_want want = stackmode_usual();

	if (!is_time_to_go())
		return -EINVAL;
	return start(fn, arg, (uintptr_t)__builtin_return_address(0), &want);
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
	return start(fn, arg, (uintptr_t)__builtin_return_address(0), &want);
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

int pgo_gomaxprocs(void)
{
	return sched.gomaxprocs;
}
