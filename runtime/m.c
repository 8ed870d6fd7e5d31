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

#include "runtime/cpuprof.h"
#include "runtime/sched.h"
#include "runtime/signal.h"
#include "runtime/sys.h"

enum {
	M_STACK_BYTES = 1 << 20,        /* regcomp takes 20 KB, NSS any */
	M_MAX = 10000,                  /* as Go's SetMaxThreads */
};

__thread struct m *pgo_m __attribute__((tls_model("initial-exec")));

static struct {
	struct m *free;         /* sched.lock: they have no thread */
	uint32_t last_id;       /* sched.lock */
} ms;

static struct m *map_m(void)
{
	struct m *m = sys_map(sizeof(*m));

	if (!m)
		return NULL;
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

void m_begin(struct m *m)
{
	m->errnop = &errno;
	m->tcb = (char *)pthread_self();
	find_stack(m);
	signal_m_begin(m);
	limit_set(0);
	m->exceptions = exceptions_of_thread();
	pgo_m = m;
	/* Release: sysmon looks at an M once it has a tid. */
	atomic_store_explicit(&m->tid, sys_gettid(), memory_order_release);
	cpuprof_m_begin(m);
}

void m_end(struct m *m)
{
	cpuprof_m_end(m);
	pgo_m = NULL;
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

int m_spawn(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	struct m *m;
	int rc;

	if (sched.nm >= M_MAX)
		return -EAGAIN;
	m = m_new();
	if (!m)
		return -ENOMEM;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, M_STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	rc = pthread_create(&thread, &attr, m_main, m);
	pthread_attr_destroy(&attr);
	if (rc)
		m_free(m);
	return -rc;
}
