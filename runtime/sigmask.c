/*
 * An M blocks nearly everything for itself, so a signal that a goroutine sends
 * to its own thread would never come: raise() opens the thread to that one
 * signal while it sends it, and the handler has run when it returns, as POSIX
 * says.  kill(getpid()) does the same, for it is often written for raise().
 *
 * Inside a handler on an M the mask is the thread's: the kernel puts it back
 * when the handler returns.
 */
#include "runtime/sigmask.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <pgo/cdefs.h>
#include <pgo/sys.h>

#include "runtime/m.h"
#include "runtime/sched.h"
#include "runtime/sigaction.h"
#include "runtime/signal.h"
#include "runtime/sys.h"

/* Whether the caller is one of those who share the program's mask. */
static bool is_shared(void)
{
	const struct m *m = m_get();

	return m && m->g && !m->handlers && signal_is_shared();
}

static uint64_t mask_now(void)
{
	uint64_t mask = 0;

	if (is_shared())
		return signal_program_mask();
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	return mask;
}

/* Takes CLEAR out of the mask, then puts SET in; what it was. */
static uint64_t change_mask(uint64_t clear, uint64_t set)
{
	uint64_t before;

	if (is_shared()) {
		before = signal_change_program_mask(clear, set);
		signal_restore_m_mask();
		return before;
	}
	before = mask_now();
	signal_set_mask((before & ~clear) | set);
	return before;
}

#define ALL (~UINT64_C(0))

static uint64_t word_of(const sigset_t *set)
{
	uint64_t word;

	memcpy(&word, set, sizeof(word));
	return word;
}

static void put_word(sigset_t *set, uint64_t word)
{
	sigemptyset(set);
	memcpy(set, &word, sizeof(word));
}

int sigmask_change(int how, const sigset_t *set, sigset_t *old)
{
	/* OLD may be SET. */
	uint64_t word = set ? word_of(set) : 0;
	uint64_t before;

	if (!set)
		before = mask_now();
	else if (how == SIG_BLOCK)
		before = change_mask(0, word);
	else if (how == SIG_UNBLOCK)
		before = change_mask(word, 0);
	else if (how == SIG_SETMASK)
		before = change_mask(ALL, word);
	else
		return EINVAL;
	if (old)
		put_word(old, before);
	return 0;
}

/* On the thread's stack, as all that is called through pgo_sys() ---------- */

static void *thread_mask(int how, const sigset_t *set, sigset_t *old)
{
	return (void *)(intptr_t)sigmask_change(how, set, old);
}

/* 0 or -E as 0 or -1 and errno. */
static void *minus_one(int rc)
{
	if (!rc)
		return NULL;
	errno = -rc;
	return (void *)(intptr_t)-1;
}

static void *process_mask(int how, const sigset_t *set, sigset_t *old)
{
	return minus_one(-sigmask_change(how, set, old));
}

static void *one_signal(int how, int sig)
{
	sigset_t set;

	sigemptyset(&set);
	if (sigaddset(&set, sig))
		return (void *)(intptr_t)-1;
	return process_mask(how, &set, NULL);
}

/* BSD's masks are of 32 signals. */
static void *bsd_mask(int how, int mask)
{
	uint64_t before = change_mask(how == SIG_BLOCK ? 0 : ALL,
				      (uint32_t)mask);

	return (void *)(intptr_t)(int)before;
}

static void *bsd_mask_now(void)
{
	return (void *)(intptr_t)(int)mask_now();
}

/* Waiting for a handler --------------------------------------------------- */

int __real_pause(void);
int __real_sigsuspend(const sigset_t *);

/* It may run on the plain thread: its return is what is waited for. */
static void *suspend(const sigset_t *set)
{
	uint32_t n = sigaction_count();
	uint64_t before = 0;

	if (!is_shared())
		return (void *)(intptr_t)(set ? __real_sigsuspend(set) :
						__real_pause());
	if (set)
		before = change_mask(ALL, word_of(set));
	sigaction_wait(n);
	if (set)
		change_mask(ALL, before);
	errno = EINTR;
	return (void *)(intptr_t)-1;
}

static void *suspend_with(uint64_t mask)
{
	sigset_t set;

	put_word(&set, mask);
	return suspend(&set);
}

static void *suspend_without(int sig)
{
	if (sig >= 1 && sig <= SIGNAL_MAX)
		return suspend_with(mask_now() & ~signal_bit(sig));
	errno = EINVAL;
	return (void *)(intptr_t)-1;
}

/* Sending to oneself ------------------------------------------------------ */

/* 0 or -E.  What the program blocks stays pending, where all can take it. */
static int send_here(int sig)
{
	bool opens = is_shared() && sig >= 1 && sig <= SIGNAL_MAX;
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
	return minus_one(send_here(sig));
}

int __real_kill(pid_t, int);

static void *kill_process(pid_t pid, int sig)
{
	if (pid == sys_getpid() && sig && is_shared())
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
	if (is_shared() && thread == pthread_self())
		rc = send_here(sig);
	else
		rc = (int)sys_call(SYS_kill, sys_getpid(), sig, 0, 0);
	return (void *)(intptr_t)-rc;
}

/* The signal stack -------------------------------------------------------- */

enum { LEAST_STACK_BYTES = 2048 };

/* An M has one, and the program's, which may be smaller, is not put in its
 * place.  What the kernel would refuse is refused. */
static void *alt_stack(const stack_t *ss, stack_t *old)
{
	bool keeps = is_shared();
	long rc;

	if (keeps && ss && !(ss->ss_flags & SS_DISABLE) &&
	    ss->ss_size < LEAST_STACK_BYTES)
		rc = -ENOMEM;
	else
		rc = sys_call(SYS_sigaltstack, keeps ? NULL : ss, old, 0, 0);
	return minus_one((int)rc);
}

/* The words for it -------------------------------------------------------- */

PGO_API int __wrap_pthread_sigmask(int how, const sigset_t *set,
				   sigset_t *old);
PGO_API int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old);
PGO_API int __wrap_sigblock(int mask);
PGO_API int __wrap_sigsetmask(int mask);
PGO_API int __wrap_siggetmask(void);
PGO_API int __wrap_sighold(int sig);
PGO_API int __wrap_sigrelse(int sig);
PGO_API int __wrap_sigsuspend(const sigset_t *set);
PGO_API int __wrap_sigpause(int mask);
PGO_API int __wrap___xpg_sigpause(int sig);
PGO_API int __wrap___sigpause(int sig_or_mask, int is_sig);
PGO_API int __wrap_pause(void);
PGO_API int __wrap_raise(int sig);
PGO_API int __wrap_kill(pid_t pid, int sig);
PGO_API int __wrap_pthread_kill(pthread_t thread, int sig);
PGO_API int __wrap_sigaltstack(const stack_t *ss, stack_t *old);

#define ON_THREAD(...) ((int)(intptr_t)pgo_sys((void *)__VA_ARGS__))

int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return ON_THREAD(thread_mask, how, set, old);
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return ON_THREAD(process_mask, how, set, old);
}

int __wrap_sigblock(int mask)
{
	return ON_THREAD(bsd_mask, SIG_BLOCK, mask);
}

int __wrap_sigsetmask(int mask)
{
	return ON_THREAD(bsd_mask, SIG_SETMASK, mask);
}

int __wrap_siggetmask(void)
{
	return ON_THREAD(bsd_mask_now);
}

int __wrap_sighold(int sig)
{
	return ON_THREAD(one_signal, SIG_BLOCK, sig);
}

int __wrap_sigrelse(int sig)
{
	return ON_THREAD(one_signal, SIG_UNBLOCK, sig);
}

int __wrap_sigsuspend(const sigset_t *set)
{
	return ON_THREAD(suspend, set);
}

int __wrap_sigpause(int mask)
{
	return ON_THREAD(suspend_with, (uint64_t)(uint32_t)mask);
}

int __wrap___xpg_sigpause(int sig)
{
	return ON_THREAD(suspend_without, sig);
}

int __wrap___sigpause(int sig_or_mask, int is_sig)
{
	return is_sig ? __wrap___xpg_sigpause(sig_or_mask) :
			__wrap_sigpause(sig_or_mask);
}

int __wrap_pause(void)
{
	return ON_THREAD(suspend, NULL);
}

int __wrap_raise(int sig)
{
	return ON_THREAD(raise_here, sig);
}

int __wrap_kill(pid_t pid, int sig)
{
	return ON_THREAD(kill_process, pid, sig);
}

int __wrap_pthread_kill(pthread_t thread, int sig)
{
	return ON_THREAD(kill_thread, thread, sig);
}

int __wrap_sigaltstack(const stack_t *ss, stack_t *old)
{
	return ON_THREAD(alt_stack, ss, old);
}

/* Their other names. */
#define ALSO(name, of) \
	PGO_API extern __typeof(of) name __attribute__((alias(#of)))

ALSO(__wrap___sigsuspend, __wrap_sigsuspend);
ALSO(__wrap_gsignal, __wrap_raise);
