/*
 * The CPU sampler: a timer and a ring per thread, a handler that fills the
 * rings, a drainer that empties them.
 *
 * It knows threads only.  What stack a thread stands on is asked of whoever
 * runs it, by a callback that runs in the signal handler.  Installing that
 * handler for SIGPROF is the caller's business; it calls cpu_sample_take().
 */
#ifndef LIB_SAMPLE_CPU_H
#define LIB_SAMPLE_CPU_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <ucontext.h>

#include "lib/sample/timer.h"

#define CPU_STACK_MAX 128               /* pcs of one sample */
#define CPU_RING_WORDS 16384            /* 126 of the deepest samples */
#define CPU_RINGS_MAX 16384             /* threads sampled at once */

struct cpu_ring;
struct cpu_sampler;

/*
 * The callback in the handler: stores up to MAX pcs of the thread's stack in
 * PCS, innermost first, a TAG of its choice (a goroutine, a label set; 0 for
 * none), and returns how many there are; more than MAX means it was cut.
 * CTX is the slot's.  [sig]
 */
typedef size_t cpu_stack_fn(void *ctx, const ucontext_t *uc, uint64_t *pcs,
			    size_t max, uint64_t *tag);

/* A thread's place in the sampler; lives in whatever stands for the thread.
 * All zero is a slot that is not attached. */
struct cpu_slot {
	struct cpu_sampler *sampler;    /* sampler->lock; NULL: not attached */
	struct cpu_slot *next;          /* sampler->lock */
	struct cpu_slot **link;         /* sampler->lock; what points here */
	void *ctx;                      /* set by attach */
	pid_t tid;                      /* set by attach */
	struct cpu_timer timer;         /* sampler->lock */
	struct cpu_ring *_Atomic ring;  /* under sampler->lock; handler reads */
	_Atomic int armed;              /* under sampler->lock; handler reads */
	_Atomic int busy;               /* the thread's handler only */
};

/* What was not measured, and why.  Values are periods, as samples are. */
struct cpu_losses {
	uint64_t ring_full;     /* value dropped because a ring was full */
	uint64_t no_slot;       /* signals to threads without a slot */
	uint64_t no_timer;      /* threads that got no timer or no ring */
	uint64_t cut;           /* samples whose stack was longer than */
				/* CPU_STACK_MAX; they are delivered */
};

struct cpu_sampler {
	pthread_mutex_t lock;
	cpu_stack_fn *stack;            /* set by init */
	struct cpu_slot *slots;         /* lock */
	struct cpu_ring *orphans;       /* lock; of detached threads */
	struct cpu_ring *spare;         /* lock; empty ones to use again */
	size_t n_rings;                 /* lock; in use, orphaned and spare */
	int hz;                         /* lock; 0: stopped */
	uint64_t no_timer;              /* lock */
	_Atomic uint64_t no_slot;       /* handlers */
	_Atomic uint64_t ring_full;     /* handlers */
	_Atomic uint64_t cut;           /* handlers */
};

/* One sample, as the drainer gets it; PCS lives only during the call. */
struct cpu_sample {
	uint64_t value;         /* periods it stands for */
	uint64_t tag;
	size_t n;
	const uint64_t *pcs;    /* innermost first; the rest return addresses */
};

typedef void cpu_sample_fn(void *ctx, const struct cpu_sample *s);

/* A sampler without threads, stopped.  [any] */
void cpu_sampler_init(struct cpu_sampler *s, cpu_stack_fn *stack);

/* Gives its memory back.  Stopped, and every thread detached.  [any] */
void cpu_sampler_release(struct cpu_sampler *s);

/*
 * Adds thread TID of this process; CTX is what the callback gets.  Starts
 * sampling it at once when the sampler runs.  Never fails: a thread that cannot
 * be sampled is counted as no_timer.  [any]
 */
void cpu_slot_attach(struct cpu_slot *slot, struct cpu_sampler *s, pid_t tid,
		     void *ctx);

/*
 * Takes a thread out; its samples stay until drained.  Called by that thread
 * or after it has ended.  Does nothing when not attached.  [any]
 */
void cpu_slot_detach(struct cpu_slot *slot);

/*
 * Samples every attached thread HZ times per second of CPU, from now on.
 * Samples nobody drained and loss counters of an earlier run are gone.  0,
 * -EINVAL (HZ not in 1..1000), -EBUSY when it runs.  [any]
 */
int cpu_sampler_start(struct cpu_sampler *s, int hz);

/*
 * Stops; when it returns no handler adds another sample, so that one more
 * drain gets everything.  Does nothing when stopped.  [any]
 */
void cpu_sampler_stop(struct cpu_sampler *s);

/* The rate, 0 when stopped.  [any] */
int cpu_sampler_hz(struct cpu_sampler *s);

/*
 * Hands every waiting sample to FN, oldest first per thread, and returns how
 * many.  When stopped it gives the rings' memory back too.  FN
 * must not call into the sampler.  Threads come and go only between drains:
 * keep FN short.  [any]
 */
size_t cpu_sampler_drain(struct cpu_sampler *s, cpu_sample_fn *fn, void *ctx);

/* The losses since the last start.  [any] */
void cpu_sampler_losses(struct cpu_sampler *s, struct cpu_losses *out);

/*
 * The body of the SIGPROF handler: records one sample of the calling thread,
 * whose slot is SLOT.  NULL is a thread S does not know.  No lock, no
 * allocation; errno is as it was.  [sig]
 */
void cpu_sample_take(struct cpu_sampler *s, struct cpu_slot *slot,
		     const siginfo_t *info, const ucontext_t *uc);

#endif
