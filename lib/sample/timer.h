/*
 * A CPU timer of one thread: SIGPROF to that thread, and to no other, each
 * time it has used a period of CPU.
 */
#ifndef LIB_SAMPLE_TIMER_H
#define LIB_SAMPLE_TIMER_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define TIMER_HZ_MAX 1000

struct cpu_timer {
	_Atomic int id;         /* the kernel's; -1 when there is none */
};

/* A timer that does not exist, which is what cpu_timer_delete() leaves. */
static inline void cpu_timer_init(struct cpu_timer *t)
{
	atomic_store_explicit(&t->id, -1, memory_order_relaxed);
}

/*
 * Creates a timer on the CPU clock of thread TID of this process, not yet
 * armed.  0, -EAGAIN (RLIMIT_SIGPENDING), -ESRCH or -EINVAL when the thread is
 * gone, -ENOMEM.  [any], also for another thread than the caller's
 */
int cpu_timer_create(struct cpu_timer *t, pid_t tid);

/*
 * Lets it fire HZ times (1 to TIMER_HZ_MAX) per second of CPU, for the first
 * time after a random part of the first period.  0 or -EINVAL.  [any]
 */
int cpu_timer_arm(struct cpu_timer *t, int hz);

/*
 * Removes it; a signal already on its way may still arrive.  Does nothing when
 * there is none.  [any]
 */
void cpu_timer_delete(struct cpu_timer *t);

/* True when INFO came from T and not from kill(2) or another timer.  [sig] */
static inline bool cpu_timer_sent(const struct cpu_timer *t,
				  const siginfo_t *info)
{
	return info->si_code == SI_TIMER && info->si_timerid ==
		atomic_load_explicit(&t->id, memory_order_relaxed);
}

/*
 * How many periods INFO stands for: 1, and one more for every expiry the
 * kernel folded into it.  [sig]
 */
static inline uint64_t cpu_timer_value(const siginfo_t *info)
{
	return 1 + (info->si_overrun > 0 ? (uint64_t)info->si_overrun : 0);
}

#endif
