/*
 * Deadlock: every M sleeps, nothing is queued, no timer will ring, nobody waits
 * for the network, and no thread but the runtime's own exists that could wake a
 * goroutine.
 *
 * An M in a C call counts as running: the kernel may wake it.  Threads of the
 * program's are seen as entries of /proc/self/task beyond those we made; one
 * that itself waits for a goroutine (foreign.h) wakes nobody, nor does a main
 * thread that has ended and whose entry stays.
 */
#include <fcntl.h>
#include <stdint.h>

#include "runtime/fatal.h"
#include "runtime/net/netpoll.h"
#include "runtime/sched.h"
#include "runtime/sigaction.h"
#include "runtime/sys.h"
#include "runtime/timer.h"

struct dirent64_head {
	uint64_t ino;
	int64_t off;
	uint16_t length;
	uint8_t type;
	char name[];
};

static uint32_t count_names(const char *buf, long bytes)
{
	uint32_t n = 0;
	long at = 0;

	while (at < bytes) {
		const struct dirent64_head *d = (const void *)(buf + at);

		n += d->name[0] != '.';
		at += d->length;
	}
	return n;
}

/* Threads of this process, UINT32_MAX when that cannot be known. */
static uint32_t count_threads(void)
{
	char buf[2048] __attribute__((aligned(8)));
	uint32_t n = 0;
	long fd = sys_call(SYS_open, "/proc/self/task",
			   O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0);
	long got;

	if (fd < 0)
		return UINT32_MAX;
	while ((got = sys_call(SYS_getdents64, fd, buf, sizeof(buf), 0)) > 0)
		n += count_names(buf, got);
	sys_call(SYS_close, fd, 0, 0, 0);
	return got < 0 ? UINT32_MAX : n;
}

/* The state in "PID (NAME) STATE ...": the name may have what it likes. */
static bool is_dead_state(const char *stat, long bytes)
{
	while (bytes > 0 && stat[bytes - 1] != ')')
		bytes--;
	return bytes && stat[bytes + 1] == 'Z';
}

static bool main_thread_has_ended(void)
{
	char buf[512];
	long fd = sys_call(SYS_open, "/proc/self/stat", O_RDONLY | O_CLOEXEC,
			   0, 0);
	long got;

	if (fd < 0)
		return false;
	got = sys_call(SYS_read, fd, buf, sizeof(buf) - 2, 0);
	sys_call(SYS_close, fd, 0, 0, 0);
	if (got < 0)
		return false;
	buf[got] = buf[got + 1] = 0;
	return is_dead_state(buf, got);
}

static bool any_queued(void)
{
	if (sched.runq.count || atomic_load(&sched.want_m))
		return true;
	for (int i = 0; i < sched.gomaxprocs; i++)
		if (!runq_is_empty(&sched.ps[i].runq))
			return true;
	return false;
}

/* Whether a thread of the program's may wake somebody, as it seems now. */
static bool others_are_awake(void)
{
	/* One more is sysmon. */
	uint32_t asleep = sched.nm + atomic_load(&sched.runtime_threads) + 1 +
			  atomic_load(&sched.nforeign);
	uint32_t all;

	/* Whoever empties Ps. */
	if (atomic_load(&sched.gate) & GATE_PROCS)
		return true;
	all = count_threads();
	return all > asleep + 1 ||
	       (all == asleep + 1 && !main_thread_has_ended());
}

void sched_check_dead(void)
{
	uint32_t asleep = atomic_load(&sched.nmidle) +
			  atomic_load(&sched.nbound);

	atomic_store(&sched.spared, 0);
	/* Goroutine 1 is not there yet while the first Ms are made. */
	if (!atomic_load(&sched.last_id) || asleep < sched.nm ||
	    atomic_load(&sched.stopping) || timer_next_ns() != INT64_MAX ||
	    netpoll_is_awaited() || any_queued() || sigaction_may_wake())
		return;
	/* Beside a program's own threads goroutines may come and go. */
	if (!sched.m0 && !atomic_load(&sched.live) &&
	    !atomic_load(&sched.nforeign))
		return;
	if (others_are_awake()) {
		/* They may end: sysmon asks again. */
		atomic_store(&sched.spared, 1);
		return;
	}
	lock_put(&sched.lock);
	/* A thread about to sleep with its goroutine asks too: that goroutine
	 * waits like all others, it does not run here. */
	if (m_get())
		m_get()->insched = 1;
	if (!atomic_load(&sched.live))
		fatal_throw(sched.m0 ?
			    "no goroutines (main called pgo_goexit) - "
			    "deadlock!" :
			    "no goroutines, and every thread waits for one - "
			    "deadlock!");
	fatal_throw("all goroutines are asleep - deadlock!");
}
