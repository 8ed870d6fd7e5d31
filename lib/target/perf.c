/*
 * perf_event_open(2), a software clock.
 *
 * Threads made later are counted by inheritance, which the kernel gives only
 * to events of one CPU: an event for each thread and CPU, all of a CPU's into
 * one ring.  Time is the task's own: who sleeps is not sampled.  The clock's
 * period is kept over sleeps, so short turns add up.
 *
 * Threads are made while events are: one that was not on the first list may
 * have inherited events, or not.  It gets its own, and samples of it that
 * others counted are dropped: nothing is counted twice, and nothing is missed.
 *
 * Time in the kernel counts where the machine lets us see it
 * (perf_event_paranoid below 2, or CAP_PERFMON); the stack is that of user
 * code then too.  Go's own profiles have it.
 *
 * Each sample wakes us, unless whoever looks allows a nap: being woken costs
 * more than the sample, but whose a sample is, is asked of the living process,
 * and goroutines end.
 */
#include "lib/target/perf.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/grow.h"
#include "lib/target/perfring.h"
#include "lib/target/procs.h"

enum {
	/* 256 KiB: what perf_event_mlock_kb leaves an ordinary user (516 KiB a
	 * CPU) has room for two. */
	RING_PAGES = 64, RING_PAGES_MIN = 8,
	CPUS_MAX = 1024,
	THREADS_MAX = 1 << 16,
	LISTS_MAX = 8,          /* of threads, until none is new */
	LOOK_MS = 20,           /* at rings that cannot wake us any more */
};

struct late {
	pid_t tid;
	uint64_t event;
};

struct perf {
	struct sampler sampler;
	struct perf_event_attr attr;
	int *fds;               /* of all events */
	size_t n, room;
	struct perfring *rings; /* one for each CPU, by number */
	struct pollfd *ready;   /* the same, and pidfd behind them */
	int cpus;
	bool deaf;              /* a ring does not wake us */
	pid_t *tids;            /* that have events; ascending */
	size_t n_tids;
	struct late *late;      /* events of threads seen late */
	size_t n_late;
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
static int join_ring(struct perf *p, int cpu, int fd)
{
	if (p->rings[cpu].page)
		return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT,
			     p->ready[cpu].fd) < 0 ? -errno : 0;
	p->ready[cpu].fd = fd;
	return map_ring(p, &p->rings[cpu], fd);
}

/* Events ------------------------------------------------------------------- */

static int keep(struct perf *p, int fd)
{
	int rc = grow(&p->fds, &p->room, p->n, sizeof(*p->fds));

	if (rc < 0)
		close(fd);
	else
		p->fds[p->n++] = fd;
	return rc;
}

/* 0 also when the thread has ended meanwhile, or CPU is offline. */
static int add_event(struct perf *p, pid_t tid, int cpu)
{
	int fd = open_event(p, tid, cpu);
	int rc;

	if (fd == -ESRCH || fd == -ENODEV)
		return 0;
	rc = fd < 0 ? fd : keep(p, fd);
	return rc < 0 ? rc : join_ring(p, cpu, fd);
}

static int add_thread(struct perf *p, pid_t tid)
{
	int rc = 0;

	for (int cpu = 0; rc == 0 && cpu < p->cpus; cpu++)
		rc = add_event(p, tid, cpu);
	return rc;
}

/* Notes the events from the FIRST on as TID's, which is late. */
static int note_late(struct perf *p, pid_t tid, size_t first)
{
	struct late *new = reallocarray(p->late, p->n_late + p->n - first + 1,
					sizeof(*new));

	if (!new)
		return -ENOMEM;
	p->late = new;
	for (size_t i = first; i < p->n; i++) {
		struct late *l = &new[p->n_late++];

		l->tid = tid;
		if (ioctl(p->fds[i], PERF_EVENT_IOC_ID, &l->event) < 0)
			return -errno;
	}
	return 0;
}

static int by_tid(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Events for those of the N TIDS that have none yet; how many they were. */
static int add_new(struct perf *p, const pid_t *tids, size_t n, bool late)
{
	size_t known = p->n_tids;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n && p->n_tids < THREADS_MAX; i++) {
		size_t first = p->n;

		if (known && bsearch(&tids[i], p->tids, known, sizeof(*tids),
				     by_tid))
			continue;
		rc = add_thread(p, tids[i]);
		if (rc == 0 && late)
			rc = note_late(p, tids[i], first);
		p->tids[p->n_tids++] = tids[i];
	}
	qsort(p->tids, p->n_tids, sizeof(*tids), by_tid);
	return rc < 0 ? rc : (int)(p->n_tids - known);
}

static int add_events(struct perf *p, pid_t pid)
{
	pid_t *tids = calloc(THREADS_MAX, sizeof(*tids));
	int rc = -ENOMEM;

	p->tids = calloc(THREADS_MAX, sizeof(*p->tids));
	for (int i = 0; p->tids && tids && i < LISTS_MAX && rc != 0; i++) {
		ssize_t n = procs_threads(pid, tids, THREADS_MAX);

		rc = n < 0 ? (int)n : n > THREADS_MAX ? -E2BIG :
		     add_new(p, tids, (size_t)n, i > 0);
		if (rc < 0)
			break;
	}
	free(tids);
	return rc < 0 ? rc : p->n ? 0 : -ESRCH;
}

/* They begin together, when the last is there: children of the first threads
 * would count for longer else. */
static void begin(struct perf *p)
{
	for (size_t i = 0; i < p->n; i++)
		ioctl(p->fds[i], PERF_EVENT_IOC_ENABLE, 0);
}

/* Looking ------------------------------------------------------------------ */

/* The longest wait until END_NS. */
static int wait_ms(const struct perf *p, int64_t end_ns)
{
	int64_t ms = (end_ns - clock_mono_ns() + 999999) / 1000000;

	if (p->deaf && ms > LOOK_MS)
		ms = LOOK_MS;
	return ms < 0 ? 0 : ms < INT_MAX ? (int)ms : INT_MAX;
}

/* Whether nobody else counts what S is: see the head of this file. */
static bool is_own(const struct perf *p, const struct cpu_sample *s)
{
	bool late = false;

	for (size_t i = 0; i < p->n_late; i++) {
		if (p->late[i].tid != s->tid)
			continue;
		if (p->late[i].event == s->event)
			return true;
		late = true;
	}
	return !late;
}

struct passing {
	struct perf *perf;
	const struct sampler_sink *to;
};

static void pass(void *ctx, const struct cpu_sample *s)
{
	const struct passing *p = ctx;

	if (is_own(p->perf, s))
		p->to->each(p->to->ctx, s);
	else
		p->perf->sampler.figures.samples--;
}

/* When the thread whose event made a ring ends, the others go on writing into
 * it, but it wakes nobody. */
static void look_at(struct perf *p, int cpu, const struct sampler_sink *to)
{
	struct pollfd *ready = &p->ready[cpu];
	struct passing passing = { p, to };
	const struct sampler_sink own = { .each = pass, .ctx = &passing };

	if (ready->revents & POLLHUP) {
		ready->fd = -1;
		p->deaf = true;
	}
	if (p->rings[cpu].page && (ready->revents || ready->fd < 0))
		perfring_read(&p->rings[cpu], &own, &p->sampler.figures);
}

/* As long as it is allowed: see the head of this file. */
static void nap(const struct perf *p, int64_t until_ns)
{
	int64_t left_ns = until_ns - clock_mono_ns();
	struct timespec t = { .tv_nsec = left_ns < p->sampler.nap_ns ?
					 left_ns : p->sampler.nap_ns };

	if (t.tv_nsec > 0)
		nanosleep(&t, NULL);
}

static int look(struct sampler *s, int64_t until_ns,
		const struct sampler_sink *to)
{
	struct perf *p = (struct perf *)s;
	struct pollfd *end = &p->ready[p->cpus];

	do {
		nap(p, until_ns);
		if (poll(p->ready, (nfds_t)p->cpus + 1,
			 wait_ms(p, until_ns)) < 0)
			continue;
		for (int cpu = 0; cpu < p->cpus; cpu++)
			look_at(p, cpu, to);
		if (end->revents)
			return -ESRCH;
	} while (clock_mono_ns() < until_ns);
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
	if (p->ready && p->ready[p->cpus].fd >= 0)
		close(p->ready[p->cpus].fd);
	free(p->ready);
	free(p->fds);
	free(p->tids);
	free(p->late);
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
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.wakeup_events = 1,
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

static int make_rings(struct perf *p, pid_t pid)
{
	p->page = (size_t)sysconf(_SC_PAGESIZE);
	p->cpus = (int)sysconf(_SC_NPROCESSORS_CONF);
	if (p->cpus < 1 || p->cpus > CPUS_MAX)
		return -E2BIG;
	p->rings = calloc((size_t)p->cpus, sizeof(*p->rings));
	p->ready = calloc((size_t)p->cpus + 1, sizeof(*p->ready));
	if (!p->rings || !p->ready)
		return -ENOMEM;
	for (int i = 0; i <= p->cpus; i++)
		p->ready[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	p->ready[p->cpus].fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return p->ready[p->cpus].fd < 0 ? -errno : 0;
}

static int fill(struct perf *p, pid_t pid)
{
	int rc = choose_attr(p, pid);

	if (rc == 0)
		rc = make_rings(p, pid);
	if (rc < 0)
		return rc;
	/* An event for each thread and CPU is more than the 1024 files one
	 * begins with. */
	fd_raise_limit();
	return add_events(p, pid);
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
