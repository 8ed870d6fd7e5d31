/*
 * The CPU profiler of the runtime: handler, drainer, interned stacks.
 *
 * The handler fills a ring per M; a plain thread empties the rings ten times a
 * second while a profile runs.  Nobody parks here: callers on a goroutine come
 * through pgo_sys().
 */
#include "runtime/cpuprof.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "lib/base/clock.h"
#include "lib/base/thread.h"
#include "lib/sample/cpu.h"
#include "lib/sample/stacktab.h"
#include "runtime/cpustack.h"
#include "runtime/lock.h"
#include "runtime/m.h"
#include "runtime/preempt.h"
#include "runtime/probe.h"
#include "runtime/sched.h"
#include "runtime/signal.h"

enum {
	STACKS_MAX = 1 << 16,
	PCS_MAX = 1 << 21,
	DRAIN_NS = 100000000,
	THREAD_STACK_BYTES = 256 << 10,
};

static struct {
	pthread_mutex_t lock;           /* begin and end */
	struct cpu_sampler sampler;
	struct stacktab stacks;         /* the drainer; lock without one */
	pthread_t drainer;              /* lock */
	struct note stop;               /* tells the drainer */
	bool running;                   /* lock */
} prof = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void on_prof(int sig, siginfo_t *info, void *uc)
{
	struct m *m = m_get();

	(void)sig;
	/* A tick, a question, a change and a wish for the thread may have
	 * become one signal. */
	probe_answer(uc);
	if (m)
		signal_renew_m_mask(uc);
	if (info->si_code != SI_TKILL)
		cpu_sample_take(&prof.sampler, m ? &m->cpu : NULL, info, uc);
	if (m)
		preempt_take(m, uc);
}

static void intern(void *ctx, const struct cpu_sample *s)
{
	int64_t value = (int64_t)s->value;

	(void)ctx;
	stacktab_add(&prof.stacks, s->tag, s->pcs, s->n, &value);
}

static void *drain_main(void *arg)
{
	(void)arg;
	do
		cpu_sampler_drain(&prof.sampler, intern, NULL);
	while (!note_wait(&prof.stop, clock_mono_ns() + DRAIN_NS));
	return NULL;
}

static int start_drainer(void)
{
	int rc = thread_start(&prof.drainer, THREAD_STACK_BYTES, drain_main,
			      NULL);

	if (!rc)
		atomic_fetch_add(&sched.runtime_threads, 1);
	return rc;
}

static void stop_drainer(void)
{
	/* While it lives: counted for longer than that it would stand for a
	 * thread of the program's, and a deadlock be seen where none is. */
	atomic_fetch_sub(&sched.runtime_threads, 1);
	note_wake(&prof.stop);
	pthread_join(prof.drainer, NULL);
}

static int begin_locked(int hz)
{
	int rc;

	if (prof.running)
		return -EBUSY;
	stacktab_init(&prof.stacks, STACKS_MAX, PCS_MAX, 1);
	rc = cpu_sampler_start(&prof.sampler, hz);
	if (rc)
		return rc;
	rc = start_drainer();
	if (rc) {
		cpu_sampler_stop(&prof.sampler);
		return rc;
	}
	prof.running = true;
	return 0;
}

int cpuprof_begin(int hz)
{
	int rc;

	pthread_mutex_lock(&prof.lock);
	rc = begin_locked(hz);
	pthread_mutex_unlock(&prof.lock);
	return rc;
}

static void hand_out(void (*each)(void *ctx, const uint64_t *pcs, size_t n,
				  uint64_t samples),
		     void *ctx)
{
	for (size_t i = 0; i < stacktab_count(&prof.stacks); i++) {
		struct stacktab_stack s;

		stacktab_get(&prof.stacks, i, &s);
		each(ctx, s.pcs, s.n, (uint64_t)s.values[0]);
	}
}

static void count_losses(struct cpuprof_losses *out)
{
	struct cpu_losses l;

	cpu_sampler_losses(&prof.sampler, &l);
	out->ring_full = l.ring_full;
	out->no_thread = l.no_slot;
	out->no_room = (uint64_t)prof.stacks.dropped_values[0];
}

int cpuprof_end(void (*each)(void *ctx, const uint64_t *pcs, size_t n,
			     uint64_t samples),
		void *ctx, struct cpuprof_losses *losses)
{
	pthread_mutex_lock(&prof.lock);
	if (!prof.running) {
		pthread_mutex_unlock(&prof.lock);
		return -EINVAL;
	}
	cpu_sampler_stop(&prof.sampler);
	stop_drainer();
	cpu_sampler_drain(&prof.sampler, intern, NULL);
	hand_out(each, ctx);
	count_losses(losses);
	stacktab_release(&prof.stacks);
	prof.running = false;
	pthread_mutex_unlock(&prof.lock);
	return 0;
}

void cpuprof_m_begin(struct m *m)
{
	cpu_slot_attach(&m->cpu, &prof.sampler, m->tid, m);
}

void cpuprof_m_end(struct m *m)
{
	cpu_slot_detach(&m->cpu);
}

int cpuprof_handle(void)
{
	cpustack_setup();
	cpu_sampler_init(&prof.sampler, cpustack_take);
	return signal_handle(SIGPROF, on_prof, SA_RESTART);
}
