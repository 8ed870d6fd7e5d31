/*
 * An M's own mask says nothing of what the program wants: goroutines change
 * that of the program, which the plain thread has (runtime/signal.c), and the
 * M takes up what of it concerns system calls.
 */
#include "runtime/sigmask.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "runtime/m.h"
#include "runtime/signal.h"
#include "runtime/sys.h"
#include "runtime/wrapped.h"

bool sigmask_is_shared(void)
{
	const struct m *m = m_get();

	return m && m->g && !m->handlers && signal_is_shared();
}

uint64_t sigmask_now(void)
{
	uint64_t mask = 0;

	if (sigmask_is_shared())
		return signal_program_mask();
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	return mask;
}

uint64_t sigmask_put(uint64_t clear, uint64_t set)
{
	uint64_t before;

	if (sigmask_is_shared()) {
		before = signal_change_program_mask(clear, set);
		signal_restore_m_mask();
		return before;
	}
	before = sigmask_now();
	signal_set_mask((before & ~clear) | set);
	return before;
}

int sigmask_change(int how, const sigset_t *set, sigset_t *old)
{
	/* OLD may be SET. */
	uint64_t word = set ? sigmask_of(set) : 0;
	uint64_t before;

	if (!set)
		before = sigmask_now();
	else if (how == SIG_BLOCK)
		before = sigmask_put(0, word);
	else if (how == SIG_UNBLOCK)
		before = sigmask_put(word, 0);
	else if (how == SIG_SETMASK)
		before = sigmask_put(SIGMASK_ALL, word);
	else
		return EINVAL;
	if (old)
		sigmask_to(old, before);
	return 0;
}

/* On the thread's stack, as all that is called through pgo_sys() ---------- */

static void *thread_mask(int how, const sigset_t *set, sigset_t *old)
{
	return (void *)(intptr_t)sigmask_change(how, set, old);
}

static void *process_mask(int how, const sigset_t *set, sigset_t *old)
{
	return wrapped_result(-sigmask_change(how, set, old));
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
	uint64_t before = sigmask_put(how == SIG_BLOCK ? 0 : SIGMASK_ALL,
				      (uint32_t)mask);

	return (void *)(intptr_t)(int)before;
}

static void *bsd_mask_now(void)
{
	return (void *)(intptr_t)(int)sigmask_now();
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

int __wrap_pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	return wrapped_int(thread_mask, how, set, old);
}

int __wrap_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	return wrapped_int(process_mask, how, set, old);
}

int __wrap_sigblock(int mask)
{
	return wrapped_int(bsd_mask, SIG_BLOCK, mask);
}

int __wrap_sigsetmask(int mask)
{
	return wrapped_int(bsd_mask, SIG_SETMASK, mask);
}

int __wrap_siggetmask(void)
{
	return wrapped_int(bsd_mask_now);
}

int __wrap_sighold(int sig)
{
	return wrapped_int(one_signal, SIG_BLOCK, sig);
}

int __wrap_sigrelse(int sig)
{
	return wrapped_int(one_signal, SIG_UNBLOCK, sig);
}
