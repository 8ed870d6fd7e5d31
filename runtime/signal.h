/*
 * Signals.
 *
 * Ms block everything that is sent to the process: one plain thread takes it,
 * so that no goroutine's system call is interrupted.  Handlers, the program's
 * too (runtime/sigaction.h), run on an alternate stack and count as C.
 */
#ifndef PGO_RUNTIME_SIGNAL_H
#define PGO_RUNTIME_SIGNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

struct m;

/* A set of signals as the kernel has it: bit N - 1 is signal N. */
static inline uint64_t signal_bit(int sig)
{
	return UINT64_C(1) << (sig - 1);
}

enum { SIGNAL_MAX = 64 };

static inline bool signal_is_one(int sig)
{
	return sig >= 1 && sig <= SIGNAL_MAX;
}

/* What an instruction does to its own thread, and what its system call does.
 * Their handlers wake nobody who sleeps. */
#define SIGNALS_OF_A_FAULT                                                \
	(signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGFPE) |  \
	 signal_bit(SIGILL) | signal_bit(SIGTRAP) | signal_bit(SIGABRT) | \
	 signal_bit(SIGSYS))
#define SIGNALS_OF_A_CALL                                                \
	(signal_bit(SIGPIPE) | signal_bit(SIGXFSZ) | signal_bit(SIGTTIN) | \
	 signal_bit(SIGTTOU))

/* Starts the thread that takes the signals; SIGQUIT dumps and exits where its
 * disposition was the default.  0 or -E.  [any, once] */
int signal_setup(void);

/* Of an M; AVX-512 frames are 3 KiB each. */
enum { SIGNAL_STACK_BYTES = 64 << 10 };

/* The alternate stack and the mask of an M's thread, and back. */
void signal_m_begin(struct m *m);
void signal_m_end(struct m *m);

/* Installs a handler of the runtime's own, past the program's wrappers. */
int signal_handle(int sig, void (*fn)(int, siginfo_t *, void *), int flags);

/* After fork(): the child is the program's, as it will be after execve(). */
void signal_in_child(void);

/* sigaction(2) itself. */
int signal_action(int sig, const struct sigaction *act,
		  struct sigaction *old);

/*
 * The mask that the program means: the one it had when pgo_run() began, as its
 * goroutines have changed it since.  The plain thread has it, and threads and
 * children of the program's get it.  [any] [sig]
 */
uint64_t signal_program_mask(void);

/* Takes CLEAR out of it, then puts SET in, at once for all who change it, and
 * returns what it was when the plain thread has it.  Where a handler runs
 * there, that is after its end.  [m] */
uint64_t signal_change_program_mask(uint64_t clear, uint64_t set);

/* Whether goroutines share a mask: not in a child, which has one thread. */
bool signal_is_shared(void);

/* The calling thread's mask: MASK from now on; returns what it was. */
uint64_t signal_set_mask(uint64_t mask);

/* The M that the calling thread is takes SIG too; and no more. */
void signal_open_m(int sig);
void signal_restore_m_mask(void);

/* What the mask of the calling M is to be.  [any] [sig] */
uint64_t signal_m_mask(void);

/* SIGPROF from us: the M's mask in UC becomes what it is to be now.  [sig] */
void signal_renew_m_mask(ucontext_t *uc);

/* Whether ADDR is on the stack of the plain thread. */
bool signal_on_plain_stack(uintptr_t addr);

#endif
