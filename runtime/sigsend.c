/*
 * Signals that a program sends to itself.
 *
 * An M blocks nearly everything for itself, so a signal that a goroutine sends
 * to its own thread would never come: raise() opens the thread to that one
 * signal while it sends it, and the handler has run when it returns, as POSIX
 * says.  kill(getpid()) does the same, for it is often written for raise().
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>

#include "runtime/m.h"
#include "runtime/sched.h"
#include "runtime/sigmask.h"
#include "runtime/signal.h"
#include "runtime/sys.h"
#include "runtime/wrapped.h"

/* 0 or -E.  What the program blocks stays pending, where all can take it. */
static int send_here(int sig)
{
	bool opens = sigmask_is_shared() && signal_is_one(sig);
	int pid = sys_getpid();
	long rc;

	if (opens && (signal_program_mask() & signal_bit(sig)))
		return (int)sys_call(SYS_kill, pid, sig, 0, 0);
	if (opens)
		signal_open_m(sig);
	rc = sys_call(SYS_tgkill, pid, sys_gettid(), sig, 0);
	if (opens)
		signal_restore_m_mask();
	return (int)rc;
}

static void *raise_here(int sig)
{
	return wrapped_result(send_here(sig));
}

int __real_kill(pid_t, int);

static void *kill_process(pid_t pid, int sig)
{
	if (pid == sys_getpid() && sig && sigmask_is_shared())
		return raise_here(sig);
	return (void *)(intptr_t)__real_kill(pid, sig);
}

/* The control block's address is a word, read without its lock: who asks may
 * have interrupted the holder. */
static bool is_m(pthread_t thread)
{
	struct m *m = atomic_load_explicit(&sched.allm, memory_order_acquire);

	while (m && m->tcb != (char *)thread)
		m = m->alllink;
	return m;
}

int __real_pthread_kill(pthread_t, int);

/* Another M is as good as any thread: the process gets it. */
static void *kill_thread(pthread_t thread, int sig)
{
	int rc;

	if (!sig || !signal_is_shared() || !is_m(thread))
		return (void *)(intptr_t)__real_pthread_kill(thread, sig);
	if (sigmask_is_shared() && thread == pthread_self())
		rc = send_here(sig);
	else
		rc = (int)sys_call(SYS_kill, sys_getpid(), sig, 0, 0);
	return (void *)(intptr_t)-rc;
}

/* The words for it -------------------------------------------------------- */

PGO_API int __wrap_raise(int sig);
PGO_API int __wrap_kill(pid_t pid, int sig);
PGO_API int __wrap_pthread_kill(pthread_t thread, int sig);

int __wrap_raise(int sig)
{
	return wrapped_int(raise_here, sig);
}

int __wrap_kill(pid_t pid, int sig)
{
	return wrapped_int(kill_process, pid, sig);
}

int __wrap_pthread_kill(pthread_t thread, int sig)
{
	return wrapped_int(kill_thread, thread, sig);
}

/* Its other name. */
WRAPPED_ALSO(__wrap_gsignal, __wrap_raise);
