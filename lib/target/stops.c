/*
 * Once in a while, threads that have used up a period of CPU time since their
 * last sample are stopped, looked at and let go, if they are running: one that
 * sleeps keeps what it has used for later, and its system call in peace.
 *
 * Each time anew, by PTRACE_SEIZE and detaching.  Not chosen: to seize a thread
 * once for all.  That saves a few us a sample, but from then on every signal
 * would stop it until we pass it on, and Go's garbage collector sends many.
 *
 * A thread's CPU time is the first number of /proc/PID/task/TID/schedstat; the
 * kernel brings it up to date a few hundred times a second.  Those that do
 * nothing are looked at less often, down to every 32nd time.
 */
#include "lib/target/stops.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/target/mem.h"
#include "lib/target/procs.h"
#include "lib/target/stop.h"

enum {
	THREADS_MAX = 1 << 16,
	PERIODS_MAX = 1000,     /* one sample stands for */
	LIST_TURNS = 10,        /* threads are listed each so many turns */
	IDLE_MAX = 5,           /* looked at every 1 << 5th time at least */
	STATUS_BYTES_MAX = 65536,
	PIECE = 1024, PIECES = 4, /* of stack */
};

#define TURN_NS (10 * INT64_C(1000000))         /* at least, between two */
/* For a thread that was asked to stop; then others come first, and it is
 * looked at every so often until it has. */
#define WAIT_NS (2 * INT64_C(1000000))
#define LATE_NS (1 * INT64_C(1000000))
#define END_NS (1000 * INT64_C(1000000))        /* the same at the end */

struct thread {
	pid_t tid;
	int fd;                 /* its schedstat; -1: it was too many */
	int64_t used_ns;        /* as of the last look */
	int64_t credit_ns;      /* used, and no sample yet */
	int64_t moved_ns;       /* asked to stop, and when it had not yet; 0:
				 * not asked */
	uint8_t idle;           /* looks it had used nothing */
};

struct stops {
	struct sampler sampler;
	pid_t pid;
	int pidfd;
	struct mem mem;
	struct thread *threads; /* by tid */
	size_t n;
	size_t asked;           /* threads that are still to stop */
	uint64_t turn;
	int64_t turn_ns;        /* from one to the next */
	int64_t next_ns;        /* the next turn */
	uint8_t stack[PIECE * PIECES];
};

/* Threads ------------------------------------------------------------------ */

/* CPU time up to now.  False when it cannot be read. */
static bool used(const struct thread *t, int64_t *out)
{
	char text[64];
	ssize_t n = pread(t->fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	*out = strtoll(text, NULL, 10);
	return true;
}

static void open_thread(struct stops *s, struct thread *t, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)s->pid,
		 (int)tid);
	*t = (struct thread){ .tid = tid, .fd = open(path, O_RDONLY |
						     O_CLOEXEC) };
	used(t, &t->used_ns);
}

static int by_tid(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* Makes the N TIDS the threads; what is known of those that stay is kept. */
static int set_threads(struct stops *s, const pid_t *tids, size_t n)
{
	struct thread *new = calloc(n ? n : 1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct thread key = { .tid = tids[i] };
		struct thread *old = !s->n ? NULL :
			bsearch(&key, s->threads, s->n, sizeof(key), by_tid);

		if (!old) {
			open_thread(s, &new[i], tids[i]);
			continue;
		}
		new[i] = *old;
		old->fd = -1;
		old->moved_ns = 0;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (s->threads[i].fd >= 0)
			close(s->threads[i].fd);
		s->asked -= s->threads[i].moved_ns != 0;
	}
	qsort(new, n, sizeof(*new), by_tid);
	free(s->threads);
	s->threads = new;
	s->n = n;
	return 0;
}

static int list_threads(struct stops *s)
{
	pid_t *tids = calloc(THREADS_MAX, sizeof(*tids));
	ssize_t n = tids ? procs_threads(s->pid, tids, THREADS_MAX) : -ENOMEM;
	int rc = (int)n;

	if (n >= 0)
		rc = n > THREADS_MAX ? -E2BIG :
				       set_threads(s, tids, (size_t)n);
	free(tids);
	return rc;
}

/* Whether TID runs or is about to: the letter behind its name's ")". */
static bool is_running(const struct stops *s, pid_t tid)
{
	char path[64], text[256];
	const char *name_end;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)s->pid,
		 (int)tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	name_end = strrchr(text, ')');
	return name_end && !strncmp(name_end, ") R", 3);
}

/* Samples ------------------------------------------------------------------ */

static void read_stack(struct stops *s, struct cpu_sample *sample)
{
	struct space_piece at[PIECES];

	for (size_t i = 0; i < PIECES; i++)
		at[i] = (struct space_piece){
			.address = sample->regs.sp + i * PIECE,
			.to = s->stack + i * PIECE,
			.bytes = PIECE,
		};
	if (mem_readv(&s->mem, at, PIECES) < 0)
		return;
	sample->stack = s->stack;
	for (size_t i = 0; i < PIECES && at[i].ok; i++)
		sample->stack_bytes += PIECE;
}

/* What is to be done while the thread stands still.  0 or -E. */
static int copy(struct stops *s, struct cpu_sample *sample,
		const struct sampler_sink *to)
{
	int rc = stop_regs(sample->tid, &sample->regs);

	if (rc < 0)
		return rc;
	read_stack(s, sample);
	if (to->stopped)
		to->stopped(to->ctx, sample);
	return 0;
}

/* T, which has stopped at SIGNAL, is looked at and goes on. */
static void take(struct stops *s, struct thread *t, int signal,
		 const struct sampler_sink *to)
{
	int64_t periods = t->credit_ns / s->sampler.period_ns;
	struct cpu_sample sample = {
		.tid = t->tid,
		.periods = (uint32_t)(periods < PERIODS_MAX ? periods :
				      PERIODS_MAX),
	};
	int rc;

	sample.time_ns = clock_mono_ns();
	rc = copy(s, &sample, to);
	stop_end(t->tid, signal);
	s->sampler.figures.stopped_ns += clock_mono_ns() - t->moved_ns;
	t->credit_ns %= s->sampler.period_ns;
	if (rc < 0) {
		s->sampler.figures.lost++;
		return;
	}
	s->sampler.figures.samples++;
	to->each(to->ctx, &sample);
}

/* One that was asked must be let go, however late it stops. */
static void wait_for(struct stops *s, struct thread *t, int64_t until_ns,
		     const struct sampler_sink *to)
{
	int signal = 0;
	int rc = stop_wait(t->tid, until_ns, &signal, &t->moved_ns);

	if (rc == -EBUSY)
		return;
	if (rc == 0 && to)
		take(s, t, signal, to);
	else if (rc == 0)
		stop_end(t->tid, signal);
	t->moved_ns = 0;
	s->asked--;
}

static void ask(struct stops *s, struct thread *t,
		const struct sampler_sink *to)
{
	if (stop_ask(t->tid) < 0) {
		s->sampler.figures.lost++;
		t->credit_ns = 0;
		return;
	}
	t->moved_ns = clock_mono_ns();
	s->asked++;
	wait_for(s, t, t->moved_ns + WAIT_NS, to);
}

static void look_at_late(struct stops *s, const struct sampler_sink *to)
{
	for (size_t i = 0; s->asked && i < s->n; i++)
		if (s->threads[i].moved_ns)
			wait_for(s, &s->threads[i], 0, to);
}

static void look_at(struct stops *s, struct thread *t,
		    const struct sampler_sink *to)
{
	int64_t now_ns;

	if (s->turn & ((UINT64_C(1) << t->idle) - 1) || !used(t, &now_ns))
		return;
	if (now_ns > t->used_ns) {
		t->credit_ns += now_ns - t->used_ns;
		s->sampler.figures.threads_ns += now_ns - t->used_ns;
		t->used_ns = now_ns;
		t->idle = 0;
	} else if (t->idle < IDLE_MAX) {
		t->idle++;
	}
	if (t->credit_ns >= s->sampler.period_ns && !t->moved_ns &&
	    is_running(s, t->tid))
		ask(s, t, to);
}

static int turn(struct stops *s, const struct sampler_sink *to)
{
	if (s->turn++ % LIST_TURNS == 0) {
		int rc = list_threads(s);

		if (rc < 0)
			return rc == -ENOENT ? -ESRCH : rc;
	}
	for (size_t i = 0; i < s->n; i++)
		look_at(s, &s->threads[i], to);
	return 0;
}

/* The moment of the next turn, or sooner, when threads are late. */
static int64_t next_look_ns(const struct stops *s, int64_t until_ns)
{
	int64_t at_ns = s->next_ns < until_ns ? s->next_ns : until_ns;
	int64_t late_ns = clock_mono_ns() + LATE_NS;

	return s->asked && late_ns < at_ns ? late_ns : at_ns;
}

static int look(struct sampler *sampler, int64_t until_ns,
		const struct sampler_sink *to)
{
	struct stops *s = (struct stops *)sampler;
	struct pollfd end = { .fd = s->pidfd, .events = POLLIN };
	int rc = 0;

	while (rc == 0 && clock_mono_ns() < until_ns) {
		int64_t left_ns = next_look_ns(s, until_ns) - clock_mono_ns();
		struct timespec left = { .tv_nsec = left_ns > 0 ? left_ns : 0 };

		if (ppoll(&end, 1, &left, NULL) > 0)
			return -ESRCH;
		look_at_late(s, to);
		if (clock_mono_ns() < s->next_ns)
			continue;
		rc = turn(s, to);
		/* Turns that were missed are not made up for: what was used
		 * meanwhile is in the credit. */
		s->next_ns += s->turn_ns;
		if (s->next_ns < clock_mono_ns())
			s->next_ns = clock_mono_ns() + s->turn_ns;
	}
	return rc;
}

/* Beginning and end -------------------------------------------------------- */

static void stops_close(struct sampler *sampler)
{
	struct stops *s = (struct stops *)sampler;
	int64_t until_ns = clock_mono_ns() + END_NS;

	for (size_t i = 0; i < s->n; i++) {
		/* What does not stop until then, the end of this thread lets
		 * go. */
		if (s->threads[i].moved_ns)
			wait_for(s, &s->threads[i], until_ns, NULL);
		if (s->threads[i].fd >= 0)
			close(s->threads[i].fd);
	}
	if (s->pidfd >= 0)
		close(s->pidfd);
	mem_release(&s->mem);
	free(s->threads);
	free(s);
}

/* Whether threads may be stopped, without stopping one: a sleeping call would
 * end with EINTR.  0; -EPERM; -EBUSY when another traces them. */
static int may_stop(pid_t pid)
{
	struct buf b = { 0 };
	char path[32];
	const char *tracer;
	int fd, rc;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? -EPERM : -errno;
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	rc = fd_slurp(path, &b, STATUS_BYTES_MAX, NULL);
	tracer = rc < 0 ? NULL : strstr(buf_str(&b), "\nTracerPid:\t");
	if (tracer && tracer[12] != '0')
		rc = -EBUSY;
	buf_release(&b);
	return rc;
}

static int fill(struct stops *s)
{
	int rc;

	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	if (s->pidfd < 0)
		return -errno;
	rc = may_stop(s->pid);
	/* A file for each thread, and those needed besides. */
	fd_raise_limit();
	if (rc == 0)
		rc = list_threads(s);
	if (rc == 0 && s->n && s->threads[0].fd < 0)
		rc = -EOPNOTSUPP;
	s->next_ns = clock_mono_ns() + s->turn_ns;
	return rc;
}

static int explain(int rc, pid_t pid, struct err *e)
{
	if (rc == -ESRCH || rc == -ENOENT)
		return err_say(e, -ESRCH, "%d: no such process", (int)pid);
	if (rc == -EOPNOTSUPP)
		return err_say(e, rc, "%d: threads do not tell their CPU time "
			       "(a kernel with CONFIG_SCHED_INFO)", (int)pid);
	if (rc == -EBUSY)
		return err_say(e, rc, "%d: cannot stop threads: a debugger "
			       "holds them (end it)", (int)pid);
	err_set(e, rc, "%d: cannot stop threads", (int)pid);
	if (rc == -EPERM)
		err_way_out(e, "same user, or CAP_SYS_PTRACE");
	return rc;
}

int stops_open(struct sampler **out, pid_t pid, int hz, struct err *e)
{
	static const struct sampler_ops ops = { look, stops_close };
	struct stops *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_set(e, -ENOMEM, "%d", (int)pid);
	s->sampler.ops = &ops;
	s->sampler.name = "ptrace";
	s->sampler.period_ns = 1000000000 / hz;
	s->sampler.kernel = true;
	s->turn_ns = s->sampler.period_ns > TURN_NS ? s->sampler.period_ns :
						      TURN_NS;
	s->pid = pid;
	s->pidfd = -1;
	mem_init(&s->mem, pid, NULL);
	rc = fill(s);
	if (rc < 0) {
		stops_close(&s->sampler);
		return explain(rc, pid, e);
	}
	*out = &s->sampler;
	return 0;
}
