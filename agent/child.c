/*
 * Started with clone(CLONE_VFORK) and exit signal 0: no copy of the page
 * tables, no SIGCHLD, and wait() of the program does not see it.  All signals
 * stay blocked in the child: a Ctrl-C meant for the program must not take the
 * names away.  It ends when the socket does.
 *
 * An answer is as hostile as any input: lines, frames and time have their
 * limits, and a child that passes one is ended.
 */
#include "agent/child.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"

enum {
	STACK_BYTES = 64 << 10,
	ANSWER_MAX = 256 << 10,
	/* The first question about a large file takes seconds. */
	ANSWER_MS = 10000,
};

/* Starting ----------------------------------------------------------------- */

struct start {
	const char *file;
	int fd;
	int error;              /* the child shares our memory until exec */
};

/* libc's clone() by the name that the thread sanitizer leaves alone.  By the
 * other it takes the child for a fork()'s and stops watching it, and with it
 * this thread, whose memory that is. */
int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

static int run(void *arg)
{
	struct start *s = arg;
	char *argv[] = { (char *)(uintptr_t)s->file, (char *)"--serve", NULL };

	if (dup2(s->fd, 0) >= 0 && dup2(s->fd, 1) >= 0) {
		syscall(SYS_close_range, 3u, ~0u, 0u);
		execv(s->file, argv);
	}
	s->error = -errno;
	_exit(127);
}

static pid_t spawn(struct start *s)
{
	sigset_t all, old;
	pid_t pid;
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		return -errno;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = __clone(run, stack + STACK_BYTES, CLONE_VM | CLONE_VFORK, s);
	if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	munmap(stack, STACK_BYTES);
	return pid;
}

int child_start(struct child *c, const char *file, struct err *e)
{
	struct start s = { .file = file };
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return err_set(e, -errno, "%s: socket", file);
	s.fd = fds[1];
	pid = spawn(&s);
	close(fds[1]);
	if (pid > 0 && !s.error) {
		*c = (struct child){ .pid = pid, .fd = fds[0] };
		c->in.cap = ANSWER_MAX;
		return 0;
	}
	close(fds[0]);
	if (pid > 0)
		waitpid(pid, NULL, __WALL);
	return err_set(e, pid < 0 ? pid : s.error, "%s", file);
}

void child_forget(struct child *c)
{
	if (c->pid)
		close(c->fd);
	*c = (struct child){ 0 };
}

void child_stop(struct child *c)
{
	if (!c->pid)
		return;
	close(c->fd);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, NULL, __WALL);
	buf_release(&c->in);
	*c = (struct child){ 0 };
}

/* Asking ------------------------------------------------------------------- */

static void put_field(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\t' || *s == '\n' || *s == '\\')
			buf_put_u8(b, '\\');
		buf_put_u8(b, *s == '\t' ? 't' : *s == '\n' ? 'n' :
							      (uint8_t)*s);
	}
}

static int send_all(int fd, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		/* The child reads one question at a time: a full socket is
		 * one that has stopped. */
		if (k < 0 && errno != EINTR)
			return -errno;
		if (k > 0) {
			p += k;
			n -= (size_t)k;
		}
	}
	return 0;
}

static int ask(struct child *c, const char *module, const char *build_id,
	       uint64_t address)
{
	struct buf b = { 0 };
	int rc;

	put_field(&b, module);
	buf_put_u8(&b, '\t');
	put_field(&b, build_id);
	buf_printf(&b, "\t0x%lx\n", (unsigned long)address);
	rc = buf_error(&b);
	if (!rc)
		rc = send_all(c->fd, b.data, b.len);
	buf_release(&b);
	return rc;
}

/* An empty line ends an answer. */
static int is_whole(const struct buf *in)
{
	return in->len && in->data[in->len - 1] == '\n' &&
	       (in->len == 1 || in->data[in->len - 2] == '\n');
}

static int receive(struct child *c, int64_t deadline_ns)
{
	buf_reset(&c->in);
	while (!is_whole(&c->in)) {
		struct pollfd pfd = { c->fd, POLLIN, 0 };
		int64_t left_ns = deadline_ns - clock_mono_ns();
		uint8_t *to = buf_reserve(&c->in, 4096);
		ssize_t n;

		if (!to)
			return buf_error(&c->in);
		if (left_ns <= 0)
			return -ETIMEDOUT;
		if (poll(&pfd, 1, (int)(left_ns / 1000000) + 1) <= 0)
			continue;
		n = recv(c->fd, to, 4096, MSG_DONTWAIT);
		if (n == 0)
			return -EPIPE;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		c->in.len += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* The field at *AT, unescaped in place; *AT moves behind it. */
static char *take_field(char **at)
{
	char *begin = *at, *from = begin, *to = begin;

	for (; *from && *from != '\t'; from++) {
		if (*from == '\\' && from[1]) {
			from++;
			*to++ = *from == 't' ? '\t' : *from == 'n' ? '\n' :
								     *from;
			continue;
		}
		*to++ = *from;
	}
	*at = *from ? from + 1 : from;
	*to = 0;
	return begin;
}

static uint32_t take_number(char **at)
{
	unsigned long v = strtoul(take_field(at), NULL, 10);

	return v <= INT32_MAX ? (uint32_t)v : 0;
}

static void parse_line(char *line, struct child_frame *f)
{
	f->func = take_field(&line);
	f->linkage = take_field(&line);
	f->file = take_field(&line);
	f->line = take_number(&line);
	take_number(&line);
	f->start_line = take_number(&line);
	f->inlined = take_number(&line) == 1;
}

int child_ask(struct child *c, const char *module, const char *build_id,
	      uint64_t address, struct child_frame *out, int max)
{
	char *line, *end;
	int n = 0;
	int rc = ask(c, module, build_id, address);

	if (!rc)
		rc = receive(c, clock_mono_ns() + ANSWER_MS * INT64_C(1000000));
	if (rc)
		return rc;
	buf_str(&c->in);
	line = (char *)c->in.data;
	for (; n < max && (end = strchr(line, '\n')) && end > line;
	     line = end + 1) {
		*end = 0;
		parse_line(line, &out[n++]);
	}
	return n;
}
