/*
 * Waiting for a handler: pause(), sigsuspend() and sigpause().
 *
 * The handler may run on the plain thread and interrupts nobody's system call:
 * its return is what a goroutine waits for.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>

#include "runtime/sigaction.h"
#include "runtime/sigmask.h"
#include "runtime/signal.h"
#include "runtime/wrapped.h"

int __real_pause(void);
int __real_sigsuspend(const sigset_t *);

static void *suspend(const sigset_t *set)
{
	uint32_t n = sigaction_count();
	uint64_t before = 0;

	if (!sigmask_is_shared())
		return (void *)(intptr_t)(set ? __real_sigsuspend(set) :
						__real_pause());
	if (set)
		before = sigmask_put(SIGMASK_ALL, sigmask_of(set));
	sigaction_wait(n);
	if (set)
		sigmask_put(SIGMASK_ALL, before);
	errno = EINTR;
	return (void *)(intptr_t)-1;
}

static void *suspend_with(uint64_t mask)
{
	sigset_t set;

	sigmask_to(&set, mask);
	return suspend(&set);
}

static void *suspend_without(int sig)
{
	if (signal_is_one(sig))
		return suspend_with(sigmask_now() & ~signal_bit(sig));
	errno = EINVAL;
	return (void *)(intptr_t)-1;
}

/* The words for it -------------------------------------------------------- */

PGO_API int __wrap_sigsuspend(const sigset_t *set);
PGO_API int __wrap_sigpause(int mask);
PGO_API int __wrap___xpg_sigpause(int sig);
PGO_API int __wrap___sigpause(int sig_or_mask, int is_sig);
PGO_API int __wrap_pause(void);

int __wrap_sigsuspend(const sigset_t *set)
{
	return wrapped_int(suspend, set);
}

int __wrap_sigpause(int mask)
{
	return wrapped_int(suspend_with, (uint64_t)(uint32_t)mask);
}

int __wrap___xpg_sigpause(int sig)
{
	return wrapped_int(suspend_without, sig);
}

int __wrap___sigpause(int sig_or_mask, int is_sig)
{
	return is_sig ? __wrap___xpg_sigpause(sig_or_mask) :
			__wrap_sigpause(sig_or_mask);
}

int __wrap_pause(void)
{
	return wrapped_int(suspend, NULL);
}

/* Its other name. */
WRAPPED_ALSO(__wrap___sigsuspend, __wrap_sigsuspend);
