/*
 * A handler interrupts goroutine code at any instruction.  On its alternate
 * stack it must not grow segments (limit 0) nor be taken for goroutine code
 * (csp 0); errno is the interrupted code's.  The trampoline sees to that, so a
 * split handler just works, and so do thunks below it.
 *
 * A library that calls sigaction() past the linker would have its handler run
 * on whatever stack is there, which may be 2 KiB: so the program exports the
 * names that set handlers, and the dynamic linker binds libraries to them.
 * That is why the real one is reached as __sigaction.
 *
 * Not chosen: a check of SA_ONSTACK at each signal, as Go does, which can only
 * die.
 */
#include "runtime/sigaction.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>

#include <pgo/cdefs.h>
#include <pgo/sys.h>

#include "runtime/m.h"
#include "runtime/names.h"
#include "runtime/sigmask.h"
#include "runtime/signal.h"
#include "runtime/wrapped.h"

typedef void handler_fn(int, siginfo_t *, void *);

static struct {
	struct lock lock;               /* writers */
	struct sigaction act[SIGNAL_MAX + 1]; /* lock: as they were asked for */
	_Atomic(handler_fn *) fn[SIGNAL_MAX + 1];
	_Atomic uint64_t set;           /* a bit for each handler */
	_Atomic uint64_t interrupts;    /* by siginterrupt(); lock to write */
	_Atomic uint32_t returned;      /* handlers that have */
	_Atomic uint32_t waiting;       /* for the next to return */
} program;

bool sigaction_may_wake(void)
{
	return atomic_load(&program.set) &
	       ~(SIGNALS_OF_A_FAULT | SIGNALS_OF_A_CALL);
}

bool sigaction_has(int sig)
{
	return atomic_load(&program.set) & signal_bit(sig);
}

uint32_t sigaction_count(void)
{
	return atomic_load(&program.returned);
}

void sigaction_wait(uint32_t n)
{
	atomic_fetch_add(&program.waiting, 1);
	while (atomic_load(&program.returned) == n)
		futex_wait(&program.returned, n, -1);
	atomic_fetch_sub(&program.waiting, 1);
}

/* The way to a handler ---------------------------------------------------- */

/* One that takes the number only does not mind the others. */
static void call(int sig, siginfo_t *info, void *uc)
{
	handler_fn *fn = atomic_load(&program.fn[sig]);

	if (fn)
		fn(sig, info, uc);
	/* Sequentially consistent with sigaction_wait(): it is counted as
	 * waiting, or sees the new number. */
	atomic_fetch_add(&program.returned, 1);
	if (atomic_load(&program.waiting))
		futex_wake(&program.returned, INT_MAX);
}

static void trampoline(int sig, siginfo_t *info, void *uc)
{
	struct m *m = m_get();
	int err = errno;
	uint64_t insched;
	uintptr_t limit;
	void *csp;

	if (!m || !m->csp) {
		/* On its way into goroutine code limit is set before csp. */
		limit = limit_get();
		limit_set(0);
		if (m)
			m->handlers++;
		call(sig, info, uc);
		if (m)
			m->handlers--;
		limit_set(limit);
		errno = err;
		return;
	}
	csp = m->csp;
	/* 1 for two instructions on the way to the scheduler and back. */
	insched = m->insched;
	/* The order keeps sysmon from taking the P: what was interrupted may
	 * be the runtime at work on it. */
	m->insched = 1;
	m->csp = NULL;
	limit_set(0);
	m->handlers++;
	m->interrupted = uc;
	call(sig, info, uc);
	m->handlers--;
	errno = err;
	/* Poison that came meanwhile is lost, preempt is not. */
	limit_set(m->g->preempt ? LIMIT_POISON : m->g->cur->limit);
	m->csp = csp;
	m->insched = insched;
}

/* Setting one, with the lock ----------------------------------------------- */

/* A handler may set one, and interrupt who has the lock: not meanwhile.  What
 * a fault interrupts is no holder, or broken. */
static uint64_t begin_change(void)
{
	uint64_t before = signal_set_mask(~SIGNALS_OF_A_FAULT);

	lock_get(&program.lock);
	return before;
}

static void end_change(uint64_t before)
{
	lock_put(&program.lock);
	signal_set_mask(before);
}

void sigaction_in_child(void)
{
	/* Its holder, who is not here, was half through with one signal. */
	program.lock = (struct lock){ 0 };
}

static bool is_function(const struct sigaction *act)
{
	return act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN;
}

/* The trampoline, or a handler of the runtime's that the program was told and
 * gives back: they need no help. */
static bool is_ours(const struct sigaction *act)
{
	return names_is_runtime((uintptr_t)act->sa_sigaction);
}

static void note_set(int sig, bool set)
{
	if (set)
		atomic_fetch_or(&program.set, signal_bit(sig));
	else
		atomic_fetch_and(&program.set, ~signal_bit(sig));
}

/* ACT becomes OURS, which calls it. */
static void wrap(int sig, const struct sigaction *act, struct sigaction *ours)
{
	*ours = *act;
	ours->sa_sigaction = trampoline;
	ours->sa_flags |= SA_SIGINFO | SA_ONSTACK;
	program.act[sig] = *act;
	/* Before the kernel may call it. */
	atomic_store(&program.fn[sig], act->sa_sigaction);
}

static int set_valid(int sig, const struct sigaction *act,
		     struct sigaction *old)
{
	struct sigaction was = program.act[sig];
	struct sigaction ours;
	bool wraps = act && is_function(act) && !is_ours(act);
	int rc;

	if (wraps) {
		wrap(sig, act, &ours);
		act = &ours;
	}
	rc = signal_action(sig, act, old);
	if (rc && wraps) {
		program.act[sig] = was;
		atomic_store(&program.fn[sig], was.sa_sigaction);
	}
	if (!rc && act)
		note_set(sig, wraps);
	if (!rc && old && old->sa_sigaction == trampoline) {
		old->sa_sigaction = was.sa_sigaction;
		old->sa_flags = was.sa_flags;
	}
	return rc;
}

static int set_action(int sig, const struct sigaction *act,
		      struct sigaction *old)
{
	if (signal_is_one(sig))
		return set_valid(sig, act, old);
	errno = EINVAL;
	return -1;
}

void sigaction_adopt(void)
{
	uint64_t before = begin_change();
	struct sigaction now;

	for (int sig = 1; sig <= SIGNAL_MAX; sig++)
		if (!signal_action(sig, NULL, &now) && is_function(&now) &&
		    !is_ours(&now))
			set_action(sig, &now, NULL);
	end_change(before);
}

static sighandler_t set_handler(int sig, sighandler_t fn, int flags)
{
	struct sigaction act = { .sa_handler = fn, .sa_flags = flags };
	struct sigaction old;

	if (fn == SIG_ERR) {
		errno = EINVAL;
		return SIG_ERR;
	}
	if (!(flags & SA_NODEFER) && signal_is_one(sig))
		sigaddset(&act.sa_mask, sig);
	if (set_action(sig, &act, &old))
		return SIG_ERR;
	return old.sa_handler;
}

/* BSD's: it stays set, and calls are restarted unless siginterrupt() said
 * otherwise. */
static sighandler_t set_bsd(int sig, sighandler_t fn)
{
	bool interrupts = signal_is_one(sig) &&
			  (program.interrupts & signal_bit(sig));

	return set_handler(sig, fn, interrupts ? 0 : SA_RESTART);
}

/* System V's: it is gone once it is called. */
static sighandler_t set_sysv(int sig, sighandler_t fn)
{
	return set_handler(sig, fn, SA_RESETHAND | SA_NODEFER);
}

static int set_interrupt(int sig, int flag)
{
	struct sigaction act;

	if (set_action(sig, NULL, &act))
		return -1;
	if (flag)
		program.interrupts |= signal_bit(sig);
	else
		program.interrupts &= ~signal_bit(sig);
	act.sa_flags = (act.sa_flags & ~SA_RESTART) | (flag ? 0 : SA_RESTART);
	return set_action(sig, &act, NULL);
}

/* The mask's part of sigset() is the caller's. */
static sighandler_t set_or_hold(int sig, sighandler_t fn)
{
	struct sigaction old;

	if (fn != SIG_HOLD)
		return set_handler(sig, fn, 0);
	return set_action(sig, NULL, &old) ? SIG_ERR : old.sa_handler;
}

/* On the thread's stack, as all that is called through pgo_sys() ---------- */

static void *change_action(int sig, const struct sigaction *act,
			   struct sigaction *old)
{
	uint64_t before = begin_change();
	int rc = set_action(sig, act, old);

	end_change(before);
	return (void *)(intptr_t)rc;
}

static void *change_interrupt(int sig, int flag)
{
	uint64_t before = begin_change();
	int rc = set_interrupt(sig, flag);

	end_change(before);
	return (void *)(intptr_t)rc;
}

static void *change_handler(sighandler_t (*set)(int, sighandler_t), int sig,
			    sighandler_t fn)
{
	uint64_t before = begin_change();
	sighandler_t was = set(sig, fn);

	end_change(before);
	return (void *)was;
}

static void *change_and_unblock(int sig, sighandler_t fn)
{
	void *was = change_handler(set_or_hold, sig, fn);
	sigset_t one;
	sigset_t before;

	if (was == (void *)SIG_ERR)
		return was;
	sigemptyset(&one);
	if (sigaddset(&one, sig) ||
	    sigmask_change(fn == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, &one,
			   &before))
		return (void *)SIG_ERR;
	return sigismember(&before, sig) ? (void *)SIG_HOLD : was;
}

/* The words for it -------------------------------------------------------- */

PGO_API int __wrap_sigaction(int sig, const struct sigaction *act,
			     struct sigaction *old);
PGO_API sighandler_t __wrap_signal(int sig, sighandler_t fn);
PGO_API sighandler_t __wrap_sysv_signal(int sig, sighandler_t fn);
PGO_API sighandler_t __wrap_sigset(int sig, sighandler_t fn);
PGO_API int __wrap_siginterrupt(int sig, int flag);

int __wrap_sigaction(int sig, const struct sigaction *act,
		     struct sigaction *old)
{
	return wrapped_int(change_action, sig, act, old);
}

sighandler_t __wrap_signal(int sig, sighandler_t fn)
{
	return (sighandler_t)pgo_sys((void *)change_handler, set_bsd,
				      sig, fn);
}

sighandler_t __wrap_sysv_signal(int sig, sighandler_t fn)
{
	return (sighandler_t)pgo_sys((void *)change_handler, set_sysv,
				      sig, fn);
}

sighandler_t __wrap_sigset(int sig, sighandler_t fn)
{
	return (sighandler_t)pgo_sys((void *)change_and_unblock, sig, fn);
}

int __wrap_siginterrupt(int sig, int flag)
{
	return wrapped_int(change_interrupt, sig, flag);
}

/* Their other names. */
WRAPPED_ALSO(__wrap___sigaction, __wrap_sigaction);
WRAPPED_ALSO(__wrap_bsd_signal, __wrap_signal);
WRAPPED_ALSO(__wrap_ssignal, __wrap_signal);
WRAPPED_ALSO(__wrap___sysv_signal, __wrap_sysv_signal);
