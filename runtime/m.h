/*
 * An M: a thread that runs goroutines.
 *
 * Which stack is it on?
 *
 *   insched 1, csp 0   in the scheduler, on the thread's own stack
 *   insched 0, csp p   on a goroutine's stack; a call into C starts at p
 *   insched 0, csp 0   in C, on the thread's own stack: a libc call, a signal
 *                      handler, or a callback from either
 *
 * A thunk on its way in ends with csp = 0, on its way out it sets csp and then
 * looks at attn.  Sysmon (or a reader of stacks) sets attn, issues a
 * membarrier, and looks at csp: if it is still 0 the thread cannot get back to
 * goroutine code without passing m_leave_c_slowly().  The fence is paid by the
 * one who asks, never by the calls.  The same asymmetric Dekker as in RSEQ and
 * Go's proposed entersyscall; insched goes to 1 before csp to 0 and back to 0
 * after it, so that the scheduler is not taken for C.
 */
#ifndef PGO_RUNTIME_M_H
#define PGO_RUNTIME_M_H

#include <stdbool.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <ucontext.h>

#include "lib/sample/cpu.h"
#include "runtime/fiber.h"
#include "runtime/g.h"
#include "runtime/lock.h"
#include "runtime/p.h"

struct m {
	/* The assembly knows these; see amd64/offsets.h. */
	struct g *g;            /* owner: who runs here */
	void *volatile csp;     /* see above */
	int *errnop;            /* constant: the thread's real errno */
	volatile uint64_t calls; /* owner: C calls begun */
	volatile uint64_t attn; /* others set, m_leave_c_slowly() clears */
	void *ctop;             /* owner: where C calls of this run start */
	void *g0sp;             /* owner: the scheduler's stack pointer */
	volatile uint64_t insched;
	void *volatile cfp;     /* owner: rbp at the call into C or leaf */
	void *volatile ctarget; /* owner: the C function called there */
	void *volatile lsp;     /* owner: sp of the last leaf call */
	void *back;             /* owner: where the last goroutine that did not
				 * end has left */

	struct exceptions *exceptions; /* constant: NULL without C++ */
	struct lock tcb_lock;
	char *tcb;              /* tcb_lock: the thread's control block */
	struct p *p;            /* owner; sysmon under sched.lock while in C */
	struct cache *cache;    /* owner: p's, valid while csp is set */
	struct p *oldp;         /* sched.lock: the P that was taken in C */
	struct p *nextp;        /* sched.lock: handed over, before note */
	struct fiber fiber;     /* owner: its scheduler's */
	struct note note;       /* wakes a parked or bound M */
	struct m *link;         /* sched.lock: the idle list, or the free */
	struct m *alllink;      /* constant: the list of all Ms */
	uint32_t id;            /* constant */
	_Atomic pid_t tid;      /* 0: it has no thread, yet or any more */
	uintptr_t alt_low;      /* constant: its signal stack */
	stack_t program_stack;  /* constant: the one it had before */
	uint32_t handlers;      /* owner: the program's that have begun */
	const ucontext_t *interrupted; /* owner: goroutine code, by the first */
	int64_t deadline_ns;    /* sched.lock: it claimed, while idle; -1 */
	bool spinning;          /* owner, or who wakes it: looks for work */
	bool blocked;           /* owner: parked on its note */
	struct g *bound_g;      /* sched.lock: waits with this goroutine, or
				 * runs no other */
	bool bound_asleep;      /* sched.lock: counted in sched.nbound */
	const void *bound_frame; /* owner: the frame it sleeps in, in C */
	uint64_t switches;      /* owner: goroutines run */
	_Atomic uint32_t scanning; /* a reader looks at g's stack */
	uintptr_t stack_low;    /* constant: bounds of the thread's stack */
	uintptr_t stack_high;
	uint32_t mxcsr;         /* constant: the thread's, as it began */
	uint16_t x87_control;   /* constant: the same */
	struct cpu_slot cpu;    /* where SIGPROF puts its samples */
	uint64_t seen_calls;    /* sysmon */
	uint64_t seen_switches; /* sysmon */
	int64_t seen_ns;        /* sysmon: when the two above were new */
	struct p *seen_p;       /* sysmon */
	uint32_t seen_tick;     /* sysmon: of seen_p */
	int64_t tick_ns;        /* sysmon: when seen_tick was new */
	int64_t asked_ns;       /* sysmon: when it last asked for a yield */
	uint32_t sends;         /* sysmon: signals since it first did */
};

extern __thread struct m *pgo_m __attribute__((tls_model("initial-exec")));

/* The same, but on a foreign thread one with csp 0: who asks for csp alone
 * needs no other test. */
extern __thread const struct m *m_or_none
	__attribute__((tls_model("initial-exec")));

/* The thread's M, NULL on a foreign thread.  Asks %fs every time: the
 * compiler may not keep the address of a thread-local over a switch. */
static inline struct m *m_get(void)
{
	struct m *m;

	__asm__ volatile("movq pgo_m@gottpoff(%%rip), %0\n\t"
			 "movq %%fs:(%0), %0"
			 : "=r"(m));
	return m;
}

/* The thread's M, if it is on a goroutine's stack; else one with csp 0. */
static inline const struct m *m_on_g(void)
{
	const struct m *m;

	__asm__ volatile("movq m_or_none@gottpoff(%%rip), %0\n\t"
			 "movq %%fs:(%0), %0"
			 : "=r"(m));
	return m;
}

static inline void limit_set(uintptr_t limit)
{
	__asm__ volatile("movq %0, %%fs:0x70" : : "r"(limit) : "memory");
}

static inline uintptr_t limit_get(void)
{
	uintptr_t limit;

	__asm__ volatile("movq %%fs:0x70, %0" : "=r"(limit));
	return limit;
}

/* M is in C for a goroutine, as far as can be seen from outside: who is on the
 * way into the scheduler or out of it has insched before csp is 0, or after.
 * [any] */
static inline bool m_is_in_c(const struct m *m)
{
	return !m->insched && !m->csp && !m->insched && m->g;
}

/* The goroutine that calls, NULL on other threads.  [any] */
static inline struct g *g_get(void)
{
	struct m *m = m_get();

	return m ? m->g : NULL;
}

/*
 * The P the caller may use as its owner: only off C, for in C sysmon may take
 * it at any moment.  [any]
 */
static inline struct p *p_get(void)
{
	struct m *m = m_get();

	return m && (m->csp || m->insched) ? m->p : NULL;
}

/*
 * The slow way out of C: somebody set attn.  NULL when the goroutine may go
 * on; else it must yield, and its vector registers go where this points.
 * General registers only.  On the M's stack, csp set.
 */
void *m_leave_c_slowly(struct m *m);

/* The first half of that: answers attn, waits until nobody looks at the stack.
 * False: the P is gone and no other is idle. */
bool m_regain_p(struct m *m);

/* An M for the calling thread or for one to be made; NULL when memory is
 * out.  sched.lock not held. */
struct m *m_new(void);

/* The calling thread becomes M: thread-locals, signal stack and mask.  [any] */
void m_begin(struct m *m);

/* It is no M any more: pgo_run() returns, or the thread ends. */
void m_end(struct m *m);

/* A thread for one more M.  0 or -E; fatal when there are as many as there may
 * be.  sysmon only, and before it. */
int m_spawn(void);

/* m_spawn() has failed with RC for too long. */
_Noreturn void m_die_refused(int rc);

/*
 * Takes the P of an M that is in C and stays there: false when it has left.
 * By sysmon, or for it.  [m]
 */
bool m_retake(struct m *m);

/* The calling thread, M's, in C for a goroutine, gives its P to others as if it
 * had stayed there for long.  [m] */
void m_give_p(struct m *m);

/*
 * Brackets a look at the stack of a goroutine that is in C: begin returns
 * true when M is in C with GP and stays there, or waits, until end.  [any]
 */
bool m_begin_scan(struct m *m, const struct g *gp);
void m_end_scan(struct m *m);

#endif
