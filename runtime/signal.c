/*
 * The threads that take signals, and their masks.
 *
 * An M leaves open what its own instructions and system calls bring about, and
 * what the runtime sends to it by name.  All else goes to the plain thread,
 * which has the program's mask and does nothing but wait: whatever its handlers
 * call, they interrupt nothing.
 *
 * A thread's mask can only be changed by itself.  So who changes the program's
 * mask asks the plain thread and waits; where the change is about a signal of
 * system calls, every M is told by SIGPROF, which restarts what it interrupts.
 */
#include "runtime/signal.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/m.h"
#include "runtime/sched.h"
#include "runtime/sigaction.h"
#include "runtime/sys.h"

enum {
	THREAD_STACK_BYTES = 1 << 20,   /* addresses; sanitizers want it */
};

/* Signals 32 and 33 are libc's, for setuid(2) and pthread_cancel(3). */
#define SIGNALS_OF_LIBC (3ULL << 31)
#define SIGNALS_OF_OURS (signal_bit(SIGPROF) | signal_bit(SIGURG))

static struct {
	_Atomic uint64_t mask;
	struct lock lock;               /* who writes mask and asked */
	_Atomic uint32_t asked;
	_Atomic uint32_t seen;          /* the plain thread: of asked */
	struct note change;
	bool is_child;                  /* after fork(): there is none */
	uintptr_t stack_low;            /* constant once it runs */
	uintptr_t stack_high;
} plain;

uint64_t signal_program_mask(void)
{
	return atomic_load(&plain.mask);
}

bool signal_is_shared(void)
{
	return !plain.is_child;
}

uint64_t signal_set_mask(uint64_t mask)
{
	uint64_t before = 0;

	mask &= ~SIGNALS_OF_LIBC;
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &before, sizeof(mask));
	return before;
}

uint64_t signal_m_mask(void)
{
	uint64_t open = SIGNALS_OF_A_FAULT | SIGNALS_OF_OURS;

	if (plain.is_child)
		return signal_program_mask();
	return ~(open | (SIGNALS_OF_A_CALL & ~signal_program_mask()));
}

void signal_open_m(int sig)
{
	signal_set_mask(signal_m_mask() & ~signal_bit(sig));
}

void signal_restore_m_mask(void)
{
	signal_set_mask(signal_m_mask());
}

void signal_renew_m_mask(ucontext_t *uc)
{
	uint64_t mask;

	memcpy(&mask, &uc->uc_sigmask, sizeof(mask));
	mask = (mask & ~SIGNALS_OF_A_CALL) |
	       (signal_program_mask() & SIGNALS_OF_A_CALL);
	memcpy(&uc->uc_sigmask, &mask, sizeof(mask));
}

void signal_m_begin(struct m *m)
{
	stack_t ss = {
		.ss_sp = (void *)m->alt_low, .ss_size = SIGNAL_STACK_BYTES,
	};

	sys_call(SYS_sigaltstack, &ss, &m->program_stack, 0, 0);
	signal_restore_m_mask();
}

void signal_m_end(struct m *m)
{
	sys_call(SYS_sigaltstack, &m->program_stack, NULL, 0, 0);
	signal_set_mask(signal_program_mask());
}

/* Its other name: sigaction() is the program's, see runtime/sigaction.c. */
int __sigaction(int, const struct sigaction *, struct sigaction *);

int signal_action(int sig, const struct sigaction *act, struct sigaction *old)
{
	return __sigaction(sig, act, old);
}

int signal_handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags)
{
	struct sigaction sa = {
		.sa_sigaction = fn,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | flags,
	};

	sigfillset(&sa.sa_mask);
	return signal_action(sig, &sa, NULL) ? -errno : 0;
}

/* The plain thread -------------------------------------------------------- */

static void *signal_thread(void *arg)
{
	/* A sanitizer's threads come with a stack for handlers. */
	stack_t none = { .ss_flags = SS_DISABLE };

	(void)arg;
	sys_call(SYS_sigaltstack, &none, NULL, 0, 0);
	for (;;) {
		uint32_t asked = atomic_load(&plain.asked);

		signal_set_mask(signal_program_mask());
		atomic_store(&plain.seen, asked);
		futex_wake(&plain.seen, INT32_MAX);
		note_wait(&plain.change, -1);
	}
	return NULL;
}

static void tell_ms(void)
{
	struct m *m = atomic_load_explicit(&sched.allm, memory_order_acquire);

	for (; m; m = m->alllink)
		if (m->tid)
			sys_call(SYS_tgkill, sys_getpid(), m->tid, SIGPROF, 0);
}

uint64_t signal_change_program_mask(uint64_t clear, uint64_t set)
{
	uint64_t was;
	uint64_t mask;
	uint32_t asked;
	uint32_t seen;

	lock_get(&plain.lock);
	was = atomic_load(&plain.mask);
	mask = (was & ~clear) | set;
	atomic_store(&plain.mask, mask);
	asked = atomic_load(&plain.asked) + (was != mask);
	atomic_store(&plain.asked, asked);
	lock_put(&plain.lock);
	note_wake(&plain.change);
	while ((int32_t)((seen = atomic_load(&plain.seen)) - asked) < 0)
		futex_wait(&plain.seen, seen, -1);
	if ((was ^ mask) & SIGNALS_OF_A_CALL)
		tell_ms();
	return was;
}

bool signal_on_plain_stack(uintptr_t addr)
{
	return addr >= plain.stack_low && addr < plain.stack_high;
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

/* All signals blocked until it has the program's mask. */
static int start_thread(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	uint64_t before;
	char *stack = sys_map(THREAD_STACK_BYTES);
	int rc;

	if (!stack)
		return -ENOMEM;
	plain.stack_low = (uintptr_t)stack;
	plain.stack_high = (uintptr_t)stack + THREAD_STACK_BYTES;
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, stack, THREAD_STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	before = signal_set_mask(~UINT64_C(0));
	rc = pthread_create(&thread, &attr, signal_thread, NULL);
	signal_set_mask(before);
	pthread_attr_destroy(&attr);
	if (!rc)
		atomic_fetch_add(&sched.runtime_threads, 1);
	return -rc;
}

void signal_in_child(void)
{
	plain.is_child = true;
	sigaction_in_child();
	if (m_get())
		signal_set_mask(signal_program_mask());
}

static bool is_default(int sig)
{
	struct sigaction now;

	return !signal_action(sig, NULL, &now) && now.sa_handler == SIG_DFL;
}

int signal_setup(void)
{
	uint64_t mask = 0;

	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, sizeof(mask));
	atomic_store(&plain.mask, mask);
	sigaction_adopt();
	if (is_default(SIGQUIT))
		signal_handle(SIGQUIT, on_quit, 0);
	if (is_default(SIGURG))
		signal_handle(SIGURG, on_urgent, 0);
	return start_thread();
}
