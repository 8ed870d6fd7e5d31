/*
 * Preemption of a goroutine that calls nothing.
 *
 * A loop without calls passes no prologue, and so finds no poisoned limit.
 * When a goroutine has not answered that, sysmon sends its thread a SIGPROF,
 * and the handler does what switch_from_g() would: it leaves the registers
 * where the goroutine finds them again, and returns into the scheduler.
 *
 * The kernel has already saved all registers there are, whatever this processor
 * has, in the frame of the signal.  The frame is copied to memory of the
 * goroutine's own, and rt_sigreturn(2) on the copy, by whatever thread runs it
 * next, brings everything back at once.  Only the mask and the signal stack in
 * it are that thread's.
 *
 * Where it may happen: in goroutine code (csp set), in a function that
 * code_may_move() knows, on the goroutine's own stack, with room.  That is
 * never in the runtime, so no lock of its is held and the handler may take one.
 * Where it may not happen sysmon tries again at its next turn.
 *
 * The goroutine's stack, below the 128 bytes that a leaf uses without asking:
 *
 *      registers      for unwinders by CFI: those of the interrupted frame
 *      two records    for walkers by rbp: the interrupted function, and who
 *                     called it, also where its frame is not built
 *      struct left    as switch_from_g() leaves it: goes on in async_preempt
 *
 * Not chosen: to sleep in the handler, with the thread, as callbacks from C do.
 * It needs none of this, but a thread for each loop that is interrupted.  A
 * call of a routine on the goroutine's stack that saves all registers itself,
 * as Go has it: xsave with its sizes once more, and stack for all of that.
 */
#include "runtime/preempt.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/code.h"
#include "runtime/env.h"
#include "runtime/sched.h"
#include "runtime/sigaction.h"
#include "runtime/signal.h"
#include "runtime/slab.h"
#include "runtime/stackwalk.h"
#include "runtime/sys.h"

/* asm/ucontext.h's: glibc's goes on behind it. */
struct kernel_uc {
	unsigned long flags;
	void *link;
	stack_t stack;
	mcontext_t mcontext;
	uint64_t mask;
};

/* asm/sigcontext.h's fpx_sw_bytes and what lies before and behind it. */
struct fpstate {
	struct {
		uint16_t control, status, tags;
		uint16_t pad[9];
		uint32_t mxcsr;
	} fxsave;
	uint8_t registers[436];
	uint32_t magic;         /* FP_XSTATE: the rest is there */
	uint32_t bytes;         /* of all of it */
	uint64_t features;
	uint8_t pad[32];
	uint64_t in_use;        /* xsave's header: who is not is as at birth */
};

enum {
	FXSAVE_BYTES = 512,
	FP_XSTATE = 0x46505853,
	X87_CONTROL_ONLY = 1,   /* feature bits */
	PKRU = 1 << 9,
	TILE_DATA = 1 << 18,
	GET_PERMITTED = 0x1022, /* ARCH_GET_XCOMP_PERM: those to be asked for */
	FLAGS = 0x202,          /* interrupts, and a bit that is always set */
	ROOM = 752,             /* below a prologue's limit there is as much */
};

_Static_assert(sizeof(struct kernel_uc) == 304, "as the kernel has it");
_Static_assert(offsetof(struct fpstate, magic) == 464, "as the kernel has it");
_Static_assert(offsetof(struct fpstate, in_use) == FXSAVE_BYTES, "xsave");

/* A signal's frame, kept as long as the slot. */
struct taken {
	size_t bytes;           /* there are, for any frame so long */
	struct kernel_uc uc;
	_Alignas(64) uint8_t fp[];
};

/* What is left on the goroutine's stack; amd64/preempt.S knows it. */
struct interrupted {
	struct left left;       /* its rbp is &fp */
	uintptr_t fp, next_pc;  /* a record: the function, a byte further */
	uintptr_t caller_fp, caller_pc; /* and one of its caller */
	uintptr_t rbx, rbp, r10, r12, r13, r14, r15, pc;
	char red_zone[128];
};

#define CFA (sizeof(struct interrupted) - offsetof(struct interrupted, fp))
_Static_assert(CFA == TAKEN_CFA, "as amd64/preempt.S has it");

static _Atomic uint64_t count;

extern const char async_preempt_back[] __attribute__((visibility("hidden")));
extern const char switch_in_sched[] __attribute__((visibility("hidden")));
const void *preempt_back(void);

static bool is_on(void)
{
	return env.async_preempt != ASYNC_PREEMPT_OFF;
}

void preempt_setup(void)
{
	/* They know signals' frames of their own making only, or stacks that
	 * are left where they watch. */
	if (fiber_watch.sanitized || fiber_watch.valgrind)
		env.async_preempt = ASYNC_PREEMPT_OFF;
	code_setup();
}

bool preempt_is_back(uintptr_t pc)
{
	return pc == (uintptr_t)async_preempt_back;
}

uint64_t preempt_count(void)
{
	return atomic_load_explicit(&count, memory_order_relaxed);
}

void preempt_send(struct m *m)
{
	/* SIGPROF restarts most system calls, should it find one after all. */
	if (is_on() && !sigaction_has(SIGPROF))
		sys_call(SYS_tgkill, sys_getpid(), m->tid, SIGPROF, 0);
}

/* The signal's frame ------------------------------------------------------- */

static size_t fpstate_bytes(const struct fpstate *fp)
{
	return fp->magic == FP_XSTATE ? fp->bytes : FXSAVE_BYTES;
}

/* GP's own copy; NULL when memory is out. */
static struct taken *taken_of(struct g *gp, size_t bytes)
{
	if (gp->taken && gp->taken->bytes < bytes) {
		slab_free(gp->taken, gp->taken->bytes);
		gp->taken = NULL;
	}
	if (gp->taken)
		return gp->taken;
	gp->taken = slab_new(bytes);
	if (gp->taken)
		gp->taken->bytes = bytes;
	return gp->taken;
}

static bool keep(struct g *gp, const struct kernel_uc *uc)
{
	const struct fpstate *fp = (const void *)uc->mcontext.fpregs;
	size_t n = fpstate_bytes(fp);
	struct taken *t = taken_of(gp, sizeof(*t) + n);

	if (!t)
		return false;
	t->uc = *uc;
	memcpy(t->fp, fp, n);
	t->uc.mcontext.fpregs = (void *)t->fp;
	return true;
}

/*
 * The thread gets back how it rounded when it began: the goroutine may be about
 * to restore that itself.  The kernel makes all other registers new.  The keys
 * to protected memory stay: to be new they would open everything.
 */
static void renew(const struct m *m, struct fpstate *fp)
{
	memset(&fp->fxsave, 0, sizeof(fp->fxsave));
	fp->fxsave.control = m->x87_control;
	fp->fxsave.mxcsr = m->mxcsr;
	if (fp->magic == FP_XSTATE)
		fp->in_use = X87_CONTROL_ONLY | (fp->in_use & PKRU);
}

/* The goroutine's stack ---------------------------------------------------- */

static bool is_on_stack(const struct g *gp, uintptr_t sp)
{
	return !(sp & 7) && seg_holds(gp->cur, sp) &&
	       sp - (uintptr_t)gp->cur->low >= ROOM;
}

static void put_records(struct interrupted *i, const struct g *gp,
			const ucontext_t *uc)
{
	struct walk_regs r;

	walk_regs_from(&r, uc);
	i->next_pc = r.pc + 1;
	i->fp = r.r[WALK_FP];
	if (!stackwalk_up(gp, &r))
		return;
	i->caller_pc = r.pc;
	i->caller_fp = r.r[WALK_FP];
	i->fp = (uintptr_t)&i->caller_fp;
}

static void put_interrupted(struct g *gp, const ucontext_t *uc)
{
	const greg_t *r = uc->uc_mcontext.gregs;
	struct interrupted *i = (void *)((uintptr_t)r[REG_RSP] - sizeof(*i));

	i->left = (struct left){
		.rbp = (uintptr_t)&i->fp,
		.pc = (uintptr_t)async_preempt_back,
	};
	put_records(i, gp, uc);
	i->rbx = (uintptr_t)r[REG_RBX];
	i->rbp = (uintptr_t)r[REG_RBP];
	i->r10 = (uintptr_t)r[REG_R10];
	i->r12 = (uintptr_t)r[REG_R12];
	i->r13 = (uintptr_t)r[REG_R13];
	i->r14 = (uintptr_t)r[REG_R14];
	i->r15 = (uintptr_t)r[REG_R15];
	i->pc = (uintptr_t)r[REG_RIP];
	gp->sp = &i->left;
}

/* -------------------------------------------------------------------------- */

/* The handler returns into switch_from_g(), to where it goes back to the
 * scheduler. */
static void go_to_sched(struct m *m, ucontext_t *uc)
{
	const uintptr_t *sp = m->g0sp;
	greg_t *r = uc->uc_mcontext.gregs;

	m->insched = 1;                 /* before csp */
	m->csp = NULL;
	limit_set(0);
	r[REG_RIP] = (greg_t)switch_in_sched;
	r[REG_RSP] = (greg_t)sp;
	r[REG_RBP] = (greg_t)sp[offsetof(struct left, rbp) / sizeof(*sp)];
	r[REG_EFL] = FLAGS;
	renew(m, (void *)uc->uc_mcontext.fpregs);
}

static bool is_asked(const struct m *m)
{
	return is_on() && !m->insched && m->csp &&
	       atomic_load_explicit(&m->g->preempt, memory_order_relaxed);
}

/* A tick of a profile that came meanwhile, or with this: it would find the
 * scheduler, and so a tenth of all ticks where threads compete for CPUs.  It is
 * to find the goroutine, and takes it then. */
static bool is_tick_pending(struct m *m)
{
	uint64_t set = 0;

	if (!atomic_load_explicit(&m->cpu.armed, memory_order_relaxed))
		return false;
	sys_call(SYS_rt_sigpending, &set, sizeof(set), 0, 0);
	return set & signal_bit(SIGPROF);
}

/* A program that may use AMX has frames of two sizes, by whether their thread
 * has used it.  One that has not takes a long frame for a bad one, and brings
 * back what SSE has and no more. */
static bool has_frames_of_two_sizes(void)
{
	uint64_t permitted = 0;

	sys_call(SYS_arch_prctl, GET_PERMITTED, &permitted, 0, 0);
	return permitted & TILE_DATA;
}

void preempt_take(struct m *m, ucontext_t *uc)
{
	const greg_t *r = uc->uc_mcontext.gregs;
	struct g *gp = m->g;

	if (!is_asked(m) || !is_on_stack(gp, (uintptr_t)r[REG_RSP]) ||
	    !code_may_move((uintptr_t)r[REG_RIP]) || is_tick_pending(m) ||
	    has_frames_of_two_sizes() || !keep(gp, (void *)uc))
		return;
	put_interrupted(gp, uc);
	gp->leave = sched_or_stop(LEAVE_PREEMPTED);
	go_to_sched(m, uc);
	atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

/* What async_preempt calls, on the goroutine's stack: where the frame is with
 * which the thread that runs it now is to return.  No signal comes before that,
 * for it would find the stack pointer there.  [g] */
const void *preempt_back(void)
{
	const struct m *m = m_get();
	struct kernel_uc *uc = &m->g->taken->uc;

	signal_set_mask(~UINT64_C(0));
	uc->mask = signal_m_mask();
	uc->stack = (stack_t){
		.ss_sp = (void *)m->alt_low, .ss_size = SIGNAL_STACK_BYTES,
	};
	return uc;
}
