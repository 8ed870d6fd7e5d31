/*
 * PTRACE_SEIZE stops nothing and leaves no SIGSTOP behind; PTRACE_INTERRUPT
 * then stops a thread before its next instruction in user code.
 *
 * A thread may stop for a signal instead.  Stops are looked at without being
 * taken (WNOWAIT), for the kernel delivers a signal whose stop nobody took
 * when the tracing thread ends: so it cannot be lost.
 */
#include "lib/target/stop.h"

#include <elf.h>
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "lib/base/clock.h"

/* One that runs on another CPU stops within microseconds.  Not sched_yield()
 * meanwhile: who takes a CPU then keeps it for milliseconds. */
enum { SPIN_NS = 30000, NAP_NS = 20000 };

/* One that has ended meanwhile is kept for us, and its process with it, until
 * we have seen that. */
static void reap(pid_t tid)
{
	waitid(P_PID, (id_t)tid, NULL, WEXITED | WNOHANG | __WALL);
}

int stop_ask(pid_t tid)
{
	int rc;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0)
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0)
		return 0;
	rc = -errno;
	reap(tid);
	return rc;
}

/* One look: 1 when TID has stopped, 0 not yet, -ESRCH when it is gone. */
static int stopped(pid_t tid, int *signal)
{
	siginfo_t si = { .si_pid = 0 };

	if (waitid(P_PID, (id_t)tid, &si,
		   WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) < 0)
		return errno == EINTR ? 0 : -ESRCH;
	if (!si.si_pid)
		return 0;
	if (si.si_code != CLD_TRAPPED && si.si_code != CLD_STOPPED) {
		reap(tid);
		return -ESRCH;
	}
	/* An event has its number above; it is no signal. */
	*signal = si.si_status >> 8 ? 0 : si.si_status;
	return 1;
}

int stop_wait(pid_t tid, int64_t deadline_ns, int *signal, int64_t *moved_ns)
{
	static const struct timespec nap = { .tv_nsec = NAP_NS };
	int64_t begin_ns = clock_mono_ns();
	int rc;

	while ((rc = stopped(tid, signal)) == 0) {
		int64_t now_ns = clock_mono_ns();

		if (moved_ns)
			*moved_ns = now_ns;
		if (now_ns > deadline_ns)
			return -EBUSY;
		if (now_ns - begin_ns > SPIN_NS)
			nanosleep(&nap, NULL);
	}
	return rc < 0 ? rc : 0;
}

int stop_regs(pid_t tid, struct space_regs *out)
{
	struct user_regs_struct regs;
	struct iovec v = { &regs, sizeof(regs) };

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &v) < 0)
		return -errno;
	*out = (struct space_regs){ .pc = regs.rip, .sp = regs.rsp,
				    .bp = regs.rbp, .r14 = regs.r14,
				    .fs_base = regs.fs_base };
	return 0;
}

void stop_end(pid_t tid, int signal)
{
	if (ptrace(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal) < 0)
		reap(tid);
}
