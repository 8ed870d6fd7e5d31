/*
 * Per-thread CPU timers by raw system calls.
 *
 * The clock of another thread is a clockid made of its tid, so that whoever
 * starts a profile can arm every thread; the C library offers that clock only
 * through pthread_t and maps SIGEV_THREAD_ID's field away.
 *
 * The kernel looks at CPU timers in its tick.  At CONFIG_HZ=250 and a period of
 * 1 ms it therefore sends one signal where four were due; the other three are
 * in si_overrun.  Counting signals gives 23-27 % of the CPU time used, counting
 * 1 + si_overrun gives 99.2-99.8 %.  setitimer(ITIMER_PROF) has no overrun and
 * hits whichever thread is at hand.
 *
 * The first expiry is a random part of a period away: lives shorter than a
 * period would otherwise never be seen.  What remains is the tick: on average
 * the last half tick of a thread's life (2 ms at HZ=250) goes unsampled.
 */
#include "lib/sample/timer.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000L

/* The kernel's own encoding, as pthread_getcpuclockid() returns it. */
static clockid_t cpu_clock_of(pid_t tid)
{
	const unsigned int per_thread_sched = 6;

	return (clockid_t)(~(unsigned int)tid << 3 | per_thread_sched);
}

static int sys_rc(long rc)
{
	return rc < 0 ? -errno : 0;
}

int cpu_timer_create(struct cpu_timer *t, pid_t tid)
{
	struct sigevent ev;
	int id, rc;

	memset(&ev, 0, sizeof(ev));
	ev.sigev_notify = SIGEV_THREAD_ID;
	ev.sigev_signo = SIGPROF;
	ev._sigev_un._tid = tid;
	rc = sys_rc(syscall(SYS_timer_create, cpu_clock_of(tid), &ev, &id));
	t->id = rc < 0 ? -1 : id;
	return rc;
}

/* 1 to PERIOD_NS: a value of 0 would disarm the timer. */
static long first_expiry_ns(long period_ns)
{
	uint64_t r;
	struct timespec now;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r)) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		r = (uint64_t)now.tv_nsec * 0x9e3779b97f4a7c15u >> 16;
	}
	return 1 + (long)(r % (uint64_t)period_ns);
}

static struct timespec timespec_of(long ns)
{
	struct timespec ts = { ns / NS_PER_S, ns % NS_PER_S };

	return ts;
}

int cpu_timer_arm(struct cpu_timer *t, int hz)
{
	struct itimerspec when;

	if (hz < 1 || hz > TIMER_HZ_MAX)
		return -EINVAL;
	when.it_interval = timespec_of(NS_PER_S / hz);
	when.it_value = timespec_of(first_expiry_ns(NS_PER_S / hz));
	return sys_rc(syscall(SYS_timer_settime, t->id, 0, &when, NULL));
}

void cpu_timer_delete(struct cpu_timer *t)
{
	if (t->id < 0)
		return;
	syscall(SYS_timer_delete, t->id);
	t->id = -1;
}
