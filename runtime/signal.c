/*
 * The runtime's signals and the program's handlers.
 *
 * A handler interrupts goroutine code at any instruction.  On its alternate
 * stack it must not grow segments (limit 0) nor be taken for goroutine code
 * (csp 0); errno is the interrupted code's.  The trampoline sees to that, so a
 * split handler just works, and so do thunks below it.
 */
#include "runtime/signal.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include <pgo/cdefs.h>
#include <pgo/sys.h>

#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/m.h"
#include "runtime/names.h"
#include "runtime/sched.h"

enum {
	ALT_STACK_BYTES = 64 << 10,     /* AVX-512 frames are 3 KiB each */
	THREAD_STACK_BYTES = 256 << 10,
	NSIGNALS = 65,
};

static sigset_t program_mask;   /* constant after signal_setup() */

const sigset_t *signal_program_mask(void)
{
	return &program_mask;
}

/* What an M leaves open: what the kernel sends for its own instructions, and
 * what the runtime sends to it by name. */
static void m_mask(sigset_t *set)
{
	static const int open_signals[] = {
		SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS,
		SIGPROF, SIGURG,
	};

	sigfillset(set);
	for (size_t i = 0; i < sizeof(open_signals) / sizeof(int); i++)
		sigdelset(set, open_signals[i]);
}

void signal_m_begin(struct m *m)
{
	stack_t ss = { .ss_size = ALT_STACK_BYTES };
	sigset_t set;

	ss.ss_sp = fiber_map(ALT_STACK_BYTES);
	if (!ss.ss_sp)
		fatal_throw("out of memory for a signal stack");
	sigaltstack(&ss, &m->program_stack);
	m->alt_low = (uintptr_t)ss.ss_sp;
	m_mask(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
}

void signal_m_end(struct m *m)
{
	sigaltstack(&m->program_stack, NULL);
	fiber_unmap((void *)m->alt_low, ALT_STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &program_mask, NULL);
}

int signal_handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {
		.sa_sigaction = fn,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | flags,
	};

	sigfillset(&sa.sa_mask);
	return sigaction(sig, &sa, NULL) ? -errno : 0;
}

/* The plain thread -------------------------------------------------------- */

static void *signal_thread(void *arg)
{
	(void)arg;
	pthread_sigmask(SIG_SETMASK, &program_mask, NULL);
	for (;;)
		pause();
	return NULL;
}

static void on_quit(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
	fatal_quit();
}

/* Its arrival alone brings a system call back, when pgo_run() wants M0. */
static void on_urgent(int sig, siginfo_t *info, void *uc)
{
	(void)sig;
	(void)info;
	(void)uc;
}

static int start_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all;
	sigset_t old;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &attr, signal_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (!rc)
		atomic_fetch_add(&sched.runtime_threads, 1);
	return -rc;
}

/* After fork(): the child is the program's, as it will be after execve(). */
static void open_in_child(void)
{
	if (m_get())
		pthread_sigmask(SIG_SETMASK, &program_mask, NULL);
}

int signal_setup(void)
{
	struct sigaction old;

	pthread_sigmask(SIG_SETMASK, NULL, &program_mask);
	if (!sigaction(SIGQUIT, NULL, &old) && old.sa_handler == SIG_DFL)
		signal_handle(SIGQUIT, on_quit, 0);
	if (!sigaction(SIGURG, NULL, &old) && old.sa_handler == SIG_DFL)
		signal_handle(SIGURG, on_urgent, 0);
	if (pthread_atfork(NULL, NULL, open_in_child))
		return -ENOMEM;
	return start_thread();
}

/* The program's handlers -------------------------------------------------- */

int __real_sigaction(int, const struct sigaction *, struct sigaction *);
PGO_API int __wrap_sigaction(int sig, const struct sigaction *act,
			     struct sigaction *old);
PGO_API sighandler_t __wrap_signal(int sig, sighandler_t fn);

static struct {
	struct lock lock;               /* writers */
	struct sigaction act[NSIGNALS]; /* what the program asked for */
} program;

static void call(int sig, siginfo_t *info, void *uc)
{
	const struct sigaction *act = &program.act[sig];

	if (act->sa_flags & SA_SIGINFO)
		act->sa_sigaction(sig, info, uc);
	else
		act->sa_handler(sig);
}

static void trampoline(int sig, siginfo_t *info, void *uc)
{
	struct m *m = m_get();
	uintptr_t limit;
	void *csp;
	int err;

	if (!m || !m->csp) {
		/* On its way into goroutine code limit is set before csp. */
		limit = limit_get();
		limit_set(0);
		call(sig, info, uc);
		limit_set(limit);
		return;
	}
	err = *m->errnop;
	csp = m->csp;
	/* The order keeps sysmon from taking the P: what was interrupted may
	 * be the runtime at work on it. */
	m->insched = 1;
	m->csp = NULL;
	limit_set(0);
	call(sig, info, uc);
	*m->errnop = err;
	/* Poison that came meanwhile is lost, preempt is not. */
	limit_set(m->g->preempt ? LIMIT_POISON : m->g->cur->limit);
	m->csp = csp;
	m->insched = 0;
}

static bool is_function(const struct sigaction *act)
{
	return act->sa_handler != SIG_DFL && act->sa_handler != SIG_IGN;
}

/* A handler of the runtime's, which the program has been told and gives back.
 * It needs no help. */
static bool is_ours(const struct sigaction *act)
{
	return names_is_runtime((uintptr_t)act->sa_sigaction);
}

/* On the thread's stack. */
static void *set_action(int sig, const struct sigaction *act,
			struct sigaction *old)
{
	struct sigaction ours;
	struct sigaction was;
	int rc;

	lock_get(&program.lock);
	was = program.act[sig];
	if (act && is_function(act) && !is_ours(act)) {
		ours = *act;
		ours.sa_sigaction = trampoline;
		ours.sa_flags |= SA_SIGINFO | SA_ONSTACK;
		program.act[sig] = *act;
		act = &ours;
	}
	rc = __real_sigaction(sig, act, old);
	if (rc)
		program.act[sig] = was;
	lock_put(&program.lock);
	if (!rc && old && old->sa_sigaction == trampoline) {
		old->sa_sigaction = was.sa_sigaction;
		old->sa_flags = was.sa_flags;
	}
	return (void *)(intptr_t)rc;
}

int __wrap_sigaction(int sig, const struct sigaction *act,
		     struct sigaction *old)
{
	void *fn = sig < 1 || sig >= NSIGNALS ? (void *)__real_sigaction :
						(void *)set_action;

	return (int)(intptr_t)pgo_sys(fn, sig, act, old);
}

static void *set_handler(int sig, sighandler_t fn)
{
	struct sigaction act = { .sa_flags = SA_RESTART };
	struct sigaction old;

	act.sa_handler = fn;
	if (__wrap_sigaction(sig, &act, &old))
		return (void *)SIG_ERR;
	return (void *)old.sa_handler;
}

sighandler_t __wrap_signal(int sig, sighandler_t fn)
{
	return (sighandler_t)pgo_sys(set_handler, sig, fn);
}
