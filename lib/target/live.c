/*
 * A running process.
 *
 * The process is held by a pidfd, taken before anything else: what is then read
 * by number was of this process if it still lives afterwards.  Its program is
 * held open, so that neither a deleted file nor an exec(2) takes it away; what
 * /proc/PID/exe reads is a name in another mount namespace and never a path.
 *
 * An exec(2) leaves pid and start time as they are.  The auxiliary vector then
 * differs: it holds random addresses and the program's entry.
 */
#include "lib/target/space.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/elffile.h"
#include "lib/base/fd.h"
#include "lib/target/mem.h"
#include "lib/target/procs.h"
#include "lib/target/tracer.h"

enum {
	AUXV_BYTES_MAX = 4096,
	STATUS_BYTES_MAX = 65536,
};

struct live {
	struct space space;
	struct mem mem;
	int pidfd;              /* -1: a kernel without */
	uint64_t start_ticks;
	struct elffile exe;
	struct stat st;         /* of exe */
	struct buf auxv;
	struct tracer *tracer;  /* NULL until one was needed */
	bool frozen;
};

static struct live *live_of(struct space *s)
{
	return (struct live *)s;
}

/* Errors ------------------------------------------------------------------ */

/* 0, or what the file of that name says, such as kernel.yama.ptrace_scope. */
static int yama(void)
{
	char c = '0';
	int fd = open("/proc/sys/kernel/yama/ptrace_scope",
		      O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, &c, 1) != 1)
		c = '0';
	close(fd);
	return c - '0';
}

/* Whether PID's user is ours; its folder in /proc is owned by it. */
static bool same_user(pid_t pid)
{
	struct stat st;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &st) == 0 && st.st_uid == geteuid();
}

static int explain(pid_t pid, int rc, const char *what, struct err *e)
{
	if (rc == -EACCES)
		rc = -EPERM;
	if (rc == -ESRCH)
		return err_say(e, rc, "%d: no such process", (int)pid);
	err_set(e, rc, "%d: cannot %s", (int)pid, what);
	if (rc == -EPERM && same_user(pid) && yama())
		err_way_out(e, "sysctl kernel.yama.ptrace_scope=0, or "
			    "CAP_SYS_PTRACE");
	else if (rc == -EPERM)
		err_way_out(e, "same user, or CAP_SYS_PTRACE");
	return rc;
}

/* Reading ----------------------------------------------------------------- */

static int live_readv(struct space *s, struct space_piece *at, size_t n)
{
	return mem_readv(&live_of(s)->mem, at, n);
}

/* The last number behind "NSpid:" is the one in the innermost namespace. */
static pid_t tid_inside(pid_t pid, pid_t tid, struct buf *b)
{
	const char *line, *end, *last;
	char path[64];

	buf_reset(b);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", (int)pid,
		 (int)tid);
	if (fd_slurp(path, b, STATUS_BYTES_MAX, NULL) < 0)
		return tid;
	line = strstr(buf_str(b), "\nNSpid:");
	if (!line)
		return tid;
	end = strchrnul(line + 1, '\n');
	last = memrchr(line, '\t', (size_t)(end - line));
	return last && atoi(last) > 0 ? (pid_t)atoi(last) : tid;
}

static int live_threads(struct space *s, struct space_thread *out, size_t max)
{
	pid_t *tids = calloc(max ? max : 1, sizeof(*tids));
	struct buf b = { 0 };
	ssize_t n = -ENOMEM;

	if (tids)
		n = procs_threads(s->pid, tids, max);
	for (ssize_t i = 0; i < n && (size_t)i < max; i++) {
		out[i].host_tid = tids[i];
		out[i].tid = tid_inside(s->pid, tids[i], &b);
	}
	free(tids);
	buf_release(&b);
	return (int)n;
}

/* Whether what went wrong is of this process: nothing is known of the other. */
static bool is_ours(int rc)
{
	return rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE;
}

static bool has_exited(const struct live *l)
{
	struct pollfd p = { .fd = l->pidfd, .events = POLLIN };
	uint64_t ticks = procs_start_ticks(l->space.pid);

	/* 0 may be for want of files or memory. */
	return (l->pidfd >= 0 && poll(&p, 1, 0) > 0) ||
	       (ticks && ticks != l->start_ticks);
}

static int live_check(struct space *s, struct err *e)
{
	struct live *l = live_of(s);
	struct buf auxv = { 0 };
	char path[32];
	struct stat st;
	bool same;
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)s->pid);
	rc = fd_slurp(path, &auxv, AUXV_BYTES_MAX, NULL);
	if (has_exited(l) || (!is_ours(rc) && !auxv.len)) {
		buf_release(&auxv);
		return err_say(e, -ESRCH, "%s: it has exited", s->name);
	}
	if (rc < 0) {
		buf_release(&auxv);
		return err_set(e, rc, "%s", s->name);
	}
	same = auxv.len == l->auxv.len &&
	       !memcmp(auxv.data, l->auxv.data, auxv.len);
	buf_release(&auxv);
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)s->pid);
	if (same && stat(path, &st) == 0)
		same = st.st_dev == l->st.st_dev && st.st_ino == l->st.st_ino;
	return same ? 0 : err_say(e, -ESTALE, "%s: it has become another "
				  "program by exec()", s->name);
}

/* Stopping ---------------------------------------------------------------- */

static int end_tracer(struct live *l)
{
	int rc = tracer_end(l->tracer);

	l->tracer = NULL;
	l->frozen = false;
	return rc;
}

static int begin_tracer(struct live *l)
{
	return l->tracer ? 0 : tracer_start(&l->tracer, l->space.pid,
					    &l->space.beats);
}

/* A thread that sleeps in a system call says where by itself: "NR ARGS SP PC",
 * "-1 SP PC" when it sleeps elsewhere, "running". */
static bool sleeping_regs(pid_t pid, pid_t tid, struct space_regs *out)
{
	struct buf b = { 0 };
	char path[64], *pc, *sp;
	bool had = false;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid,
		 (int)tid);
	if (fd_slurp(path, &b, STATUS_BYTES_MAX, NULL) == 0 && b.len) {
		buf_str(&b);
		pc = memrchr(b.data, ' ', b.len);
		sp = pc ? memrchr(b.data, ' ',
				  (size_t)(pc - (char *)b.data)) : NULL;
		had = sp != NULL;
		*out = (struct space_regs){ 0 };
		if (had) {
			out->pc = strtoull(pc, NULL, 0);
			out->sp = strtoull(sp, NULL, 0);
		}
	}
	buf_release(&b);
	return had;
}

static int live_regs(struct space *s, pid_t host_tid, struct space_regs *out)
{
	struct live *l = live_of(s);
	int rc;

	if (!l->frozen && sleeping_regs(s->pid, host_tid, out))
		return 0;
	rc = begin_tracer(l);
	if (rc == 0)
		rc = tracer_regs(l->tracer, host_tid, out);
	/* Frozen ones are let go by live_freeze(), which tells. */
	if (rc == -EBUSY && !l->frozen)
		end_tracer(l);
	return rc;
}

static int live_freeze(struct space *s, bool on, struct err *e)
{
	struct live *l = live_of(s);
	int rc;

	if (on == l->frozen)
		return 0;
	if (!on) {
		rc = end_tracer(l);
		return rc < 0 ? explain(s->pid, rc, "hold threads so long as "
					"nothing can be read", e) : 0;
	}
	rc = begin_tracer(l);
	if (rc == 0)
		rc = tracer_freeze(l->tracer);
	l->frozen = rc == 0;
	if (rc < 0)
		end_tracer(l);
	if (rc == -EPERM) {
		err_set(e, rc, "%s: cannot stop threads", s->name);
		err_way_out(e, "no other debugger, and same user or "
			    "CAP_SYS_PTRACE");
		return rc;
	}
	return rc < 0 ? explain(s->pid, rc, "stop threads", e) : 0;
}

/* Opening ----------------------------------------------------------------- */

static void live_close(struct space *s)
{
	struct live *l = live_of(s);

	tracer_end(l->tracer);
	mem_release(&l->mem);
	elffile_close(&l->exe);
	if (l->pidfd >= 0)
		close(l->pidfd);
	maps_release(&s->maps);
	buf_release(&l->auxv);
	free(l);
}

static const struct space_ops live_ops = {
	.readv = live_readv,
	.threads = live_threads,
	.regs = live_regs,
	.freeze = live_freeze,
	.check = live_check,
	.close = live_close,
};

static void read_name(struct live *l)
{
	struct space *s = &l->space;
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)s->pid);
	n = readlink(path, s->exe, sizeof(s->exe) - 1);
	s->exe[n < 0 ? 0 : n] = '\0';
	if (n > 10 && !strcmp(s->exe + n - 10, " (deleted)"))
		s->exe[n - 10] = '\0';
}

/* Opens the program and keeps it open. */
static int open_exe(struct live *l, struct err *e)
{
	struct space *s = &l->space;
	char path[32];
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)s->pid);
	rc = elffile_open(&l->exe, path, NULL);
	if (rc == -ENOENT)
		return err_say(e, rc, "%s: it has no program (a kernel thread, "
			       "or it has exited)", s->name);
	if (rc == -EINVAL)
		return err_say(e, rc, "%s: no x86-64 program", s->name);
	if (rc < 0)
		return explain(s->pid, rc, "read memory", e);
	/* Not "self": children of this process may open it too. */
	snprintf(s->exe_open, sizeof(s->exe_open), "/proc/%d/fd/%d",
		 (int)getpid(), l->exe.fd);
	l->exe.name = s->exe_open;
	if (fstat(l->exe.fd, &l->st) < 0)
		return err_set(e, -errno, "%s", path);
	read_name(l);
	return 0;
}

/* Of type TYPE; 0 when there is none. */
static uint64_t auxv_get(const struct buf *auxv, uint64_t type)
{
	Elf64_auxv_t a;

	for (size_t at = 0; at + sizeof(a) <= auxv->len; at += sizeof(a)) {
		memcpy(&a, auxv->data + at, sizeof(a));
		if (a.a_type == type)
			return a.a_un.a_val;
	}
	return 0;
}

static int read_auxv(struct live *l, struct err *e)
{
	char path[32], byte;
	uint64_t entry;
	int rc;

	snprintf(path, sizeof(path), "/proc/%d/auxv", (int)l->space.pid);
	rc = fd_slurp(path, &l->auxv, AUXV_BYTES_MAX, NULL);
	if (rc < 0)
		return explain(l->space.pid, rc, "read memory", e);
	entry = auxv_get(&l->auxv, AT_ENTRY);
	l->space.bias = entry - l->exe.header.e_entry;
	/* /proc may be open where memory is not. */
	rc = space_read(&l->space, entry, &byte, 1);
	return rc < 0 ? explain(l->space.pid, rc, "read memory", e) : 0;
}

static int fill(struct live *l, struct err *e)
{
	struct space *s = &l->space;
	int rc;

	rc = open_exe(l, e);
	if (rc == 0)
		rc = read_auxv(l, e);
	/* What hinders any reading of /proc has been told by now. */
	l->start_ticks = procs_start_ticks(s->pid);
	if (rc == 0 && !l->start_ticks)
		return explain(s->pid, -ESRCH, "", e);
	if (rc == 0)
		rc = space_remap(s, e);
	return rc < 0 ? rc : live_check(s, e);
}

int space_open_live(struct space **out, pid_t pid, struct err *e)
{
	struct live *l = calloc(1, sizeof(*l));
	int rc;

	if (!l)
		return err_set(e, -ENOMEM, "%d", (int)pid);
	l->space.ops = &live_ops;
	l->space.kind = SPACE_LIVE;
	l->space.pid = pid;
	l->exe.fd = -1;
	mem_init(&l->mem, pid, &l->space.beats);
	snprintf(l->space.name, sizeof(l->space.name), "%d", (int)pid);
	l->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	rc = l->pidfd < 0 && errno != ENOSYS ? -errno : 0;
	rc = rc < 0 ? explain(pid, rc, "hold it", e) : fill(l, e);
	if (rc < 0) {
		live_close(&l->space);
		return rc;
	}
	*out = &l->space;
	return 0;
}
