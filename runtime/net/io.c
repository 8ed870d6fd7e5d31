/*
 * Reading and writing: try, and wait where the kernel would.
 *
 * One try can be spared.  A read of a TCP connection that gave less than was
 * asked for has emptied it, and what comes later is news; so the next read
 * waits for them at once (epoll(7), questions and answers, 9).  Not so once
 * the peer's end, an error or urgent data were told of: those bring no news of
 * their own.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/socket.h>

#include "runtime/fiber.h"
#include "runtime/net/try.h"
#include "runtime/sched.h"
#include "runtime/sys.h"

/* For the thread sanitizer: what is written comes before what is read. */
static const char wire;

ssize_t try_until(struct pgo_conn *c, enum turn turn, const struct try *t)
{
	struct side *s = &c->side[turn];
	int rc = side_error(s);
	ssize_t n;

	while (!rc) {
		n = t->fn(c->fd, t);
		if (n != -EAGAIN && n != -EINTR)
			return n;
		rc = n == -EAGAIN ? side_wait(s, c) : side_error(s);
	}
	return rc;
}

/* Reading ------------------------------------------------------------------ */

static ssize_t try_read(int fd, const struct try *t)
{
	return sys_call(SYS_read, fd, t->buf, t->n, 0);
}

static ssize_t try_receive(int fd, const struct try *t)
{
	return sys_call6(SYS_recvfrom, fd, (long)t->buf, (long)t->n, 0,
			 (long)t->addr, (long)t->addr_bytes);
}

/* The turn is the caller's. */
static ssize_t receive(struct pgo_conn *c, struct try *t)
{
	struct side *s = &c->side[TURN_READ];
	ssize_t n = 0;

	t->fn = c->is_socket ? try_receive : try_read;
	if (c->drained && !side_take_news(s) && !side_is_surprised(s))
		n = side_wait(s, c);
	if (!n)
		n = try_until(c, TURN_READ, t);
	c->drained = c->is_tcp && n > 0 && (size_t)n < t->n;
	return n;
}

/* 0, or why nothing can be read. */
static ssize_t why_closed(struct pgo_conn *c)
{
	int rc = conn_begin(c, TURN_NONE);

	if (!rc)
		conn_end(c, TURN_NONE);
	return rc;
}

/* Not inlined: who looks at stacks is shown what the program has called. */
static __attribute__((noinline)) ssize_t receive_it(struct pgo_conn *c,
						    struct try *t)
{
	ssize_t rc;

	sched_point();
	rc = conn_begin(c, TURN_READ);
	if (rc)
		return rc;
	rc = receive(c, t);
	conn_end(c, TURN_READ);
	fiber_acquire(&wire);
	return rc;
}

ssize_t pgo_recvfrom(struct pgo_conn *c, void *buf, size_t n,
		     struct sockaddr *from, unsigned *from_bytes)
{
	struct try t = { .buf = buf, .n = n, .addr = from,
			 .addr_bytes = from_bytes };

	return receive_it(c, &t);
}

ssize_t pgo_read(struct pgo_conn *c, void *buf, size_t n)
{
	struct try t = { .buf = buf, .n = n };

	return n ? receive_it(c, &t) : why_closed(c);
}

/* Writing ------------------------------------------------------------------ */

static ssize_t try_write(int fd, const struct try *t)
{
	return sys_call(SYS_write, fd, t->buf, t->n, 0);
}

static ssize_t try_send(int fd, const struct try *t)
{
	return sys_call6(SYS_sendto, fd, (long)t->buf, (long)t->n,
			 MSG_NOSIGNAL, (long)t->addr,
			 t->addr ? *t->addr_bytes : 0);
}

/* The turn is the caller's. */
static ssize_t send_all(struct pgo_conn *c, struct try *t)
{
	size_t want = t->n;
	ssize_t n;

	do {
		n = try_until(c, TURN_WRITE, t);
		/* A device that takes nothing would be asked for ever. */
		if (!n && t->n)
			return -EIO;
		if (n < 0)
			return n;
		t->buf = (char *)t->buf + n;
		t->n -= (size_t)n;
	} while (t->n);
	return (ssize_t)want;
}

static __attribute__((noinline)) ssize_t send_it(struct pgo_conn *c,
						 struct try *t, bool all)
{
	ssize_t rc;

	sched_point();
	fiber_release(&wire);
	rc = conn_begin(c, TURN_WRITE);
	if (rc)
		return rc;
	t->fn = c->is_socket ? try_send : try_write;
	rc = all ? send_all(c, t) : try_until(c, TURN_WRITE, t);
	conn_end(c, TURN_WRITE);
	return rc;
}

ssize_t pgo_write(struct pgo_conn *c, const void *buf, size_t n)
{
	struct try t = { .buf = (void *)(uintptr_t)buf, .n = n };

	return send_it(c, &t, true);
}

ssize_t pgo_write_some(struct pgo_conn *c, const void *buf, size_t n)
{
	struct try t = { .buf = (void *)(uintptr_t)buf, .n = n };

	return send_it(c, &t, false);
}

ssize_t pgo_sendto(struct pgo_conn *c, const void *buf, size_t n,
		   const struct sockaddr *to, unsigned to_bytes)
{
	struct try t = {
		.buf = (void *)(uintptr_t)buf, .n = n,
		.addr = (struct sockaddr *)(uintptr_t)to,
		.addr_bytes = &to_bytes,
	};

	return send_it(c, &t, false);
}

/* Half of it --------------------------------------------------------------- */

static int shut(struct pgo_conn *c, int how)
{
	int rc = conn_begin(c, TURN_NONE);

	if (rc)
		return rc;
	rc = (int)sys_call(SYS_shutdown, c->fd, how, 0, 0);
	conn_end(c, TURN_NONE);
	return rc;
}

int pgo_close_read(struct pgo_conn *c)
{
	return shut(c, SHUT_RD);
}

int pgo_close_write(struct pgo_conn *c)
{
	return shut(c, SHUT_WR);
}
