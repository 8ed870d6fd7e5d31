/*
 * Threads that run goroutines: made by sysmon, ended only when a goroutine ends
 * that had locked its thread.
 *
 * An M must not end while sysmon may write into its control block, for glibc
 * gives control blocks of ended threads to new ones: m_end() sees to that.  The
 * struct m stays on the list of all, for readers, until a new thread takes it.
 */
#include "runtime/m.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <pgo/go.h>
#include <pgo/sys.h>

#include "runtime/cpuprof.h"
#include "runtime/dump.h"
#include "runtime/env.h"
#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/outfd.h"
#include "runtime/sched.h"
#include "runtime/signal.h"
#include "runtime/sys.h"

enum {
	M_STACK_BYTES = 1 << 20,        /* regcomp takes 20 KB, NSS any */
	M_GUARD_BYTES = 64 << 10,       /* a callback's frame may be large */
	M_MAX = 10000,                  /* as Go's */
};

__thread struct m *pgo_m __attribute__((tls_model("initial-exec")));

static const struct m none;
__thread const struct m *m_or_none = &none;

static struct {
	struct m *free;         /* sched.lock: they have no thread */
	uint32_t last_id;       /* sched.lock */
	_Atomic uint32_t max;   /* pgo_set_max_threads() */
} ms = { .max = M_MAX };

static struct m *map_m(void)
{
	void *signal_stack = fiber_map(SIGNAL_STACK_BYTES);
	struct m *m = signal_stack ? sys_map(sizeof(*m)) : NULL;

	if (!m) {
		if (signal_stack)
			fiber_unmap(signal_stack, SIGNAL_STACK_BYTES);
		return NULL;
	}
	m->alt_low = (uintptr_t)signal_stack;
	m->insched = 1;
	lock_get(&sched.lock);
	m->id = ms.last_id++;
	m->alllink = sched.allm;
	/* Release: the M is filled.  Readers walk the list at any time. */
	atomic_store_explicit(&sched.allm, m, memory_order_release);
	sched.nm++;
	lock_put(&sched.lock);
	return m;
}

struct m *m_new(void)
{
	struct m *m;

	lock_get(&sched.lock);
	m = ms.free;
	if (m) {
		ms.free = m->link;
		sched.nm++;
	}
	lock_put(&sched.lock);
	return m ? m : map_m();
}

/* M has no thread, nor a P. */
static void m_free(struct m *m)
{
	m->attn = 0;
	lock_get(&sched.lock);
	m->bound_g = NULL;
	m->link = ms.free;
	ms.free = m;
	sched.nm--;
	lock_put(&sched.lock);
}

static void find_stack(struct m *m)
{
	pthread_attr_t attr;
	void *low;
	size_t bytes;

	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	pthread_attr_getstack(&attr, &low, &bytes);
	pthread_attr_destroy(&attr);
	m->stack_low = (uintptr_t)low;
	m->stack_high = (uintptr_t)low + bytes;
}

static void find_rounding(struct m *m)
{
	__asm__ volatile("stmxcsr %0" : "=m"(m->mxcsr));
	__asm__ volatile("fnstcw %0" : "=m"(m->x87_control));
}

void m_begin(struct m *m)
{
	m->errnop = &errno;
	find_rounding(m);
	m->tcb = (char *)pthread_self();
	find_stack(m);
	signal_m_begin(m);
	limit_set(0);
	m->exceptions = exceptions_of_thread();
	pgo_m = m;
	m_or_none = m;
	/* Release: sysmon looks at an M once it has a tid. */
	atomic_store_explicit(&m->tid, sys_gettid(), memory_order_release);
	cpuprof_m_begin(m);
}

void m_end(struct m *m)
{
	cpuprof_m_end(m);
	pgo_m = NULL;
	m_or_none = &none;
	/* Sysmon's last chance to poison it has passed after this. */
	lock_get(&m->tcb_lock);
	m->tcb = NULL;
	lock_put(&m->tcb_lock);
	limit_set(0);
	signal_m_end(m);
}

static void *m_main(void *arg)
{
	struct m *m = arg;

	m_begin(m);
	atomic_fetch_sub(&sched.ncoming, 1);
	sched_loop(m, NULL);
	m_end(m);
	atomic_store(&m->tid, 0);
	m_free(m);
	/* It may have been the last that was awake. */
	lock_get(&sched.lock);
	sched_check_dead();
	lock_put(&sched.lock);
	return NULL;
}

/* The limit ---------------------------------------------------------------- */

static uint32_t max_threads(void)
{
	return env.max_threads ? env.max_threads : atomic_load(&ms.max);
}

/* Of Ms; one that is locked may end at any moment. */
static uint32_t count_threads(void)
{
	uint32_t n;

	lock_get(&sched.lock);
	n = sched.nm;
	lock_put(&sched.lock);
	return n;
}

static void *die_of_threads(void)
{
	struct dump *d = fatal_begin();

	text_put(d->out, "runtime: program exceeds ");
	text_int(d->out, max_threads());
	text_put(d->out, "-thread limit\nfatal error: thread exhaustion\n");
	fatal_put_goroutines();
	fatal_leave();
}

/* On the thread's stack. */
static void *set_max(intptr_t n)
{
	intptr_t old = max_threads();

	if (n < 1)
		return (void *)(intptr_t)-EINVAL;
	atomic_store(&ms.max, (uint32_t)n);
	if (count_threads() > max_threads())
		die_of_threads();
	return (void *)old;
}

int pgo_set_max_threads(int n)
{
	return (int)(intptr_t)pgo_sys(set_max, (intptr_t)n);
}

void m_die_refused(int rc)
{
	uint32_t n = count_threads();
	struct dump *d = fatal_begin();

	text_put(d->out, "fatal error: thread ");
	text_int(d->out, n + 1);
	text_put(d->out, rc == -ENOMEM ?
		 " cannot be made: Cannot allocate memory (raise ulimit -v, "
		 "memory.max of the cgroup, or vm.max_map_count)\n" :
		 " cannot be made: Resource temporarily unavailable (raise "
		 "ulimit -u, or pids.max of the cgroup)\n");
	fatal_put_goroutines();
	fatal_leave();
}

/* -------------------------------------------------------------------------- */

int m_spawn(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	struct m *m;
	int rc;

	if (count_threads() >= max_threads())
		die_of_threads();
	m = m_new();
	if (!m)
		return -ENOMEM;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, M_STACK_BYTES);
	pthread_attr_setguardsize(&attr, M_GUARD_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	atomic_fetch_add(&sched.ncoming, 1);
	rc = pthread_create(&thread, &attr, m_main, m);
	pthread_attr_destroy(&attr);
	if (rc) {
		atomic_fetch_sub(&sched.ncoming, 1);
		m_free(m);
	}
	return -rc;
}
