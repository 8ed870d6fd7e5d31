/*
 * Everything is non-blocking and waits in one poll(2) at a time, in slices, so
 * that whoever waits can show progress and give up.
 *
 * Names are looked up by getaddrinfo_a(3): getaddrinfo(3) has no deadline.  A
 * lookup still under way then is left to its thread, with its memory.
 */
#include "lib/wire/http_conn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/clock.h"

enum { SLICE_NS = 100000000 };

/* How long the next wait may be; -E when there must be none. */
static int64_t slice_ns(const struct http_conn *c)
{
	int64_t left = c->deadline_ns - clock_mono_ns();
	int rc = c->waiting ? c->waiting(c->ctx) : 0;

	if (rc < 0)
		return rc;
	if (left <= 0)
		return -ETIMEDOUT;
	return left < SLICE_NS ? left : SLICE_NS;
}

/* Waits until FD is ready for EVENTS.  0 or -E. */
static int await(struct http_conn *c, short events)
{
	struct pollfd p = { .fd = c->fd, .events = events };

	for (;;) {
		int64_t ns = slice_ns(c);
		int n;

		if (ns < 0)
			return (int)ns;
		n = poll(&p, 1, (int)((ns + 999999) / 1000000));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

static int connect_to(struct http_conn *c, const struct sockaddr *addr,
		      socklen_t n)
{
	socklen_t size = sizeof(int);
	int rc;

	c->fd = socket(addr->sa_family,
		       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return -errno;
	while (connect(c->fd, addr, n) < 0) {
		if (errno == EINPROGRESS)
			break;
		/* A unix socket whose backlog is full. */
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		rc = errno == EAGAIN ? (int)slice_ns(c) : 0;
		if (rc < 0)
			return rc;
		poll(NULL, 0, 10);
	}
	rc = await(c, POLLOUT);
	if (rc < 0)
		return rc;
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &rc, &size) < 0)
		return -errno;
	return -rc;
}

struct lookup {
	struct gaicb cb;
	struct addrinfo hints;
	char host[HTTP_HOST_BYTES];
	char port[8];
};

static int gai_errno(int rc)
{
	if (rc == EAI_SYSTEM)
		return errno ? -errno : -EIO;
	if (rc == EAI_MEMORY)
		return -ENOMEM;
	return rc == EAI_AGAIN ? -EAGAIN : -ENXIO;
}

static int await_lookup(struct http_conn *c, struct lookup *l)
{
	const struct gaicb *list[] = { &l->cb };
	int64_t ns;
	int rc;

	while ((rc = gai_error(&l->cb)) == EAI_INPROGRESS) {
		struct timespec ts = { 0 };

		ns = slice_ns(c);
		if (ns < 0)
			return (int)ns;
		ts.tv_nsec = (long)ns;
		gai_suspend(list, 1, &ts);
	}
	return rc ? gai_errno(rc) : 0;
}

/* The addresses of U, to be freed by freeaddrinfo().  Those of localhost need
 * no lookup, nor any file for one. */
static int look_up(struct http_conn *c, const struct http_url *u,
		   struct addrinfo **out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST };
	struct lookup *l;
	struct gaicb *list[1];
	int rc;

	if (getaddrinfo(strcmp(u->host, "localhost") ? u->host : NULL, u->port,
			&hints, out) == 0)
		return 0;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	memcpy(l->host, u->host, sizeof(l->host));
	memcpy(l->port, u->port, sizeof(l->port));
	l->hints.ai_socktype = SOCK_STREAM;
	l->cb.ar_name = l->host;
	l->cb.ar_service = l->port;
	l->cb.ar_request = &l->hints;
	list[0] = &l->cb;
	rc = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	rc = rc ? gai_errno(rc) : await_lookup(c, l);
	*out = l->cb.ar_result;
	if (gai_cancel(&l->cb) != EAI_NOTCANCELED)
		free(l);
	return rc;
}

static int connect_tcp(struct http_conn *c, const struct http_url *u)
{
	struct addrinfo *list = NULL, *a;
	int rc = look_up(c, u, &list);

	for (a = list; rc == 0 && a; a = a->ai_next) {
		rc = connect_to(c, a->ai_addr, a->ai_addrlen);
		/* The next one may be better, unless time is up. */
		if (rc == 0 || rc == -ETIMEDOUT || !a->ai_next)
			break;
		http_conn_close(c);
		rc = 0;
	}
	if (list)
		freeaddrinfo(list);
	return rc;
}

/*
 * The socket's file, by O_PATH; connect(2) then takes it through /proc, which
 * also passes the 107 bytes a path may have there.  In another process's root
 * no link, absolute or not, leads out of it.
 */
static int open_socket(const struct http_url *u)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT };
	int dir, fd;

	if (!u->root[0]) {
		fd = open(u->socket, O_PATH | O_CLOEXEC);
		return fd < 0 ? -errno : fd;
	}
	dir = open(u->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, u->socket, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(dir);
	return fd;
}

static int check_peer(const struct http_conn *c, const struct http_url *u)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);

	if (!u->peer)
		return 0;
	if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	return cred.pid == u->peer ? 0 : -EPERM;
}

static int connect_unix(struct http_conn *c, const struct http_url *u)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = open_socket(u);
	int rc;

	if (fd < 0)
		return fd;
	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", fd);
	rc = connect_to(c, (struct sockaddr *)&addr, sizeof(addr));
	close(fd);
	return rc < 0 ? rc : check_peer(c, u);
}

int http_conn_open(struct http_conn *c, const struct http_url *u)
{
	int rc;

	c->fd = -1;
	c->at = c->end = 0;
	rc = u->is_unix ? connect_unix(c, u) : connect_tcp(c, u);
	if (rc < 0)
		http_conn_close(c);
	return rc;
}

void http_conn_close(struct http_conn *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

int http_conn_write(struct http_conn *c, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t done = send(c->fd, at, n, MSG_NOSIGNAL);
		int rc = 0;

		if (done >= 0) {
			at += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN) {
			rc = await(c, POLLOUT);
		} else if (errno != EINTR) {
			rc = -errno;
		}
		if (rc)
			return rc;
	}
	return 0;
}

ssize_t http_conn_fill(struct http_conn *c)
{
	ssize_t n;

	while (c->at == c->end) {
		/* First, so that a fast endless answer ends as well. */
		int rc = await(c, POLLIN);

		if (rc < 0)
			return rc;
		n = recv(c->fd, c->in, sizeof(c->in), 0);
		if (n == 0)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		c->at = 0;
		c->end = n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)(c->end - c->at);
}
