/*
 * perf_event_open(2), a software clock.
 *
 * Threads made later are counted by inheritance, which the kernel gives only
 * to events of one CPU: an event for each thread and CPU, all of a CPU's into
 * one ring.  Time is the task's own: who sleeps is not sampled.  The clock's
 * period is kept over sleeps, so short turns add up.
 *
 * Time in the kernel counts where the machine lets us see it
 * (perf_event_paranoid below 2, or CAP_PERFMON); the stack is that of user
 * code then too.  Go's own profiles have it.
 *
 * Records are looked at in batches: an event that woke us each time would cost
 * more than all the rest.  But not too late either: what a sample says of
 * goroutines is asked of the living process.
 */
#include "lib/target/perf.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/target/perfring.h"
#include "lib/target/procs.h"

enum {
	/* 256 KiB: what perf_event_mlock_kb leaves an ordinary user (516 KiB a
	 * CPU) has room for two. */
	RING_PAGES = 64, RING_PAGES_MIN = 8,
	CPUS_MAX = 1024,
	THREADS_MAX = 1 << 16,
	BUSY_MS = 20, IDLE_MS = 100,    /* between two looks */
};

struct perf {
	struct sampler sampler;
	struct perf_event_attr attr;
	int pidfd;
	int *fds;               /* of all events */
	size_t n, room;
	struct perfring *rings; /* one for each CPU, by number */
	int cpus;
	size_t page;
};

static int open_event(struct perf *p, pid_t tid, int cpu)
{
	int fd = (int)syscall(SYS_perf_event_open, &p->attr, tid, cpu, -1,
			      PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Rings -------------------------------------------------------------------- */

static int map_ring(struct perf *p, struct perfring *r, int fd)
{
	for (int n = RING_PAGES; n >= RING_PAGES_MIN; n /= 2) {
		void *at = mmap(NULL, (size_t)(n + 1) * p->page,
				PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		if (at != MAP_FAILED) {
			r->page = at;
			r->data = (uint8_t *)at + p->page;
			r->bytes = (size_t)n * p->page;
			return 0;
		}
		/* The budget of locked memory. */
		if (errno != EPERM && errno != ENOMEM)
			break;
	}
	return -errno;
}

/* FD goes into the ring of CPU, which its first event makes. */
static int join_ring(struct perf *p, int cpu, int fd, int *leader)
{
	if (p->rings[cpu].page)
		return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, leader[cpu]) < 0 ?
		       -errno : 0;
	leader[cpu] = fd;
	return map_ring(p, &p->rings[cpu], fd);
}

/* Events ------------------------------------------------------------------- */

static int keep(struct perf *p, int fd)
{
	size_t room = p->room ? p->room * 2 : 64;
	int *new;

	if (p->n == p->room) {
		new = reallocarray(p->fds, room, sizeof(*new));
		if (!new) {
			close(fd);
			return -ENOMEM;
		}
		p->fds = new;
		p->room = room;
	}
	p->fds[p->n++] = fd;
	return 0;
}

/* 0 also when the thread has ended meanwhile, or CPU is offline. */
static int add_event(struct perf *p, pid_t tid, int cpu, int *leader)
{
	int fd = open_event(p, tid, cpu);
	int rc;

	if (fd == -ESRCH || fd == -ENODEV)
		return 0;
	rc = fd < 0 ? fd : keep(p, fd);
	return rc < 0 ? rc : join_ring(p, cpu, fd, leader);
}

static int add_events(struct perf *p, pid_t pid, int *leader)
{
	pid_t *tids = calloc(THREADS_MAX, sizeof(*tids));
	ssize_t n = tids ? procs_threads(pid, tids, THREADS_MAX) : -ENOMEM;
	int rc = n < 0 ? (int)n : n > THREADS_MAX ? -E2BIG : 0;

	for (ssize_t i = 0; rc == 0 && i < n; i++)
		for (int cpu = 0; rc == 0 && cpu < p->cpus; cpu++)
			rc = add_event(p, tids[i], cpu, leader);
	free(tids);
	return rc ? rc : p->n ? 0 : -ESRCH;
}

/* They begin together, when the last is there: children of the first threads
 * would count for longer else. */
static void begin(struct perf *p)
{
	for (size_t i = 0; i < p->n; i++)
		ioctl(p->fds[i], PERF_EVENT_IOC_ENABLE, 0);
}

/* Looking ------------------------------------------------------------------ */

static void read_rings(struct perf *p, const struct sampler_sink *to)
{
	for (int cpu = 0; cpu < p->cpus; cpu++)
		if (p->rings[cpu].page)
			perfring_read(&p->rings[cpu], to,
				      &p->sampler.figures);
}

static int look(struct sampler *s, int64_t until_ns,
		const struct sampler_sink *to)
{
	struct perf *p = (struct perf *)s;
	struct pollfd end = { .fd = p->pidfd, .events = POLLIN };
	int64_t left_ns;
	int wait_ms = BUSY_MS;

	while ((left_ns = until_ns - clock_mono_ns()) > 0) {
		uint64_t before = s->figures.samples;
		int left_ms = left_ns / 1000000 < wait_ms ?
			      (int)(left_ns / 1000000) + 1 : wait_ms;
		int ended = poll(&end, 1, left_ms) > 0;

		read_rings(p, to);
		if (ended)
			return -ESRCH;
		wait_ms = s->figures.samples > before ? BUSY_MS : IDLE_MS;
	}
	read_rings(p, to);
	return 0;
}

/* Beginning and end -------------------------------------------------------- */

static void perf_close(struct sampler *s)
{
	struct perf *p = (struct perf *)s;

	for (int cpu = 0; cpu < p->cpus && p->rings; cpu++)
		if (p->rings[cpu].page)
			munmap(p->rings[cpu].page,
			       p->rings[cpu].bytes + p->page);
	for (size_t i = 0; i < p->n; i++)
		close(p->fds[i]);
	if (p->pidfd >= 0)
		close(p->pidfd);
	free(p->fds);
	free(p->rings);
	free(p);
}

static void set_attr(struct perf *p, int hz, size_t stack_bytes)
{
	p->attr = (struct perf_event_attr){
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(p->attr),
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.sample_period = (uint64_t)(1000000000 / hz),
		.sample_type = PERFRING_SAMPLE,
		.sample_regs_user = perfring_regs(),
		.sample_stack_user = (uint32_t)stack_bytes,
		.disabled = 1,
		.inherit = 1,
		.exclude_hv = 1,
		.exclude_callchain_kernel = 1,
		.watermark = 1,
		.wakeup_watermark = UINT32_MAX,
	};
}

/* With time in the kernel when we may, by the clock there is. */
static int choose_attr(struct perf *p, pid_t pid)
{
	int fd = open_event(p, pid, -1);

	if (fd == -EACCES || fd == -EPERM) {
		p->attr.exclude_kernel = 1;
		fd = open_event(p, pid, -1);
	}
	if (fd == -ENOENT) {
		p->attr.config = PERF_COUNT_SW_CPU_CLOCK;
		fd = open_event(p, pid, -1);
	}
	if (fd < 0)
		return fd;
	close(fd);
	p->sampler.kernel = !p->attr.exclude_kernel;
	return 0;
}

/* An event for each thread and CPU is more than the 1024 files one begins
 * with. */
static void raise_files(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

static int fill(struct perf *p, pid_t pid)
{
	int *leader, rc;

	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->pidfd < 0)
		return -errno;
	rc = choose_attr(p, pid);
	if (rc < 0)
		return rc;
	raise_files();
	p->page = (size_t)sysconf(_SC_PAGESIZE);
	p->cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	if (p->cpus < 1 || p->cpus > CPUS_MAX)
		return -E2BIG;
	p->rings = calloc((size_t)p->cpus, sizeof(*p->rings));
	leader = calloc((size_t)p->cpus, sizeof(*leader));
	rc = p->rings && leader ? add_events(p, pid, leader) : -ENOMEM;
	free(leader);
	return rc;
}

static int explain(int rc, pid_t pid, struct err *e)
{
	if (rc == -ESRCH)
		return err_say(e, rc, "%d: no such process", (int)pid);
	if (rc != -EACCES && rc != -EPERM) {
		err_set(e, rc, "%d: perf events", (int)pid);
		return rc;
	}
	err_say(e, -EACCES, "%d: perf events are not allowed", (int)pid);
	err_way_out(e, "sysctl kernel.perf_event_paranoid=2, or CAP_PERFMON");
	return -EACCES;
}

int perf_open(struct sampler **out, pid_t pid, int hz, size_t stack_bytes,
	      struct err *e)
{
	static const struct sampler_ops ops = { look, perf_close };
	struct perf *p = calloc(1, sizeof(*p));
	int rc;

	if (!p)
		return err_set(e, -ENOMEM, "%d: perf events", (int)pid);
	p->sampler.ops = &ops;
	p->sampler.name = "perf";
	p->sampler.period_ns = 1000000000 / hz;
	p->pidfd = -1;
	set_attr(p, hz, stack_bytes);
	rc = fill(p, pid);
	if (rc < 0) {
		perf_close(&p->sampler);
		return explain(rc, pid, e);
	}
	begin(p);
	*out = &p->sampler;
	return 0;
}
