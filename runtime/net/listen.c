/*
 * Listening and accepting.
 *
 * A process out of descriptors cannot accept, and what waits to be accepted
 * stays there without further news.  So accepting tries again, after 5 ms at
 * first and 100 at most, as Go's net/http does: descriptors come back as
 * others close theirs, and a server's loop needs no case for it.
 */
#include <errno.h>
#include <stdint.h>

#include <pgo/go.h>
#include <pgo/sys.h>

#include "runtime/net/socket.h"
#include "runtime/net/try.h"
#include "runtime/sched.h"
#include "runtime/sys.h"

enum {
	BACKLOG = 65535,                /* the kernel's own limit is less */
	PAUSE_MIN_NS = 5000000,
	PAUSE_MAX_NS = 100000000,
};

/* Listening: [m] ----------------------------------------------------------- */

static int bind_socket(int fd, const struct net *net, const union addr *a,
		       socklen_t bytes)
{
	int rc;

	if (net->type == SOCK_STREAM && a->any.sa_family != AF_UNIX)
		socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	rc = (int)sys_call(SYS_bind, fd, a, bytes, 0);
	if (!rc && net->type != SOCK_DGRAM)
		rc = (int)sys_call(SYS_listen, fd, BACKLOG, 0, 0);
	return rc;
}

static bool has_path(const union addr *a)
{
	return a->any.sa_family == AF_UNIX && a->un.sun_path[0];
}

static int listen_at(struct pgo_conn **out, const struct net *net,
		     const union addr *a, socklen_t bytes)
{
	int fd = socket_new(net, a);
	int rc;

	if (fd < 0)
		return fd;
	rc = bind_socket(fd, net, a, bytes);
	if (!rc)
		rc = conn_open(out, fd);
	if (rc) {
		socket_close(fd);
		return rc;
	}
	if (has_path(a))
		rc = conn_remove_later(*out, a->un.sun_path);
	if (rc) {
		pgo_close(*out);
		*out = NULL;
	}
	return rc;
}

/* At the first address that can be had. */
static void *listen_on(struct pgo_conn **out, const char *net,
		       const char *text)
{
	struct addrs found;
	struct place place;
	intptr_t rc = addrs_read(&found, &place, net, text, true);

	if (rc == ADDRS_NAME)
		rc = addrs_look_up(&found, &place, true);
	for (int i = 0; !rc && i < found.count; i++) {
		rc = listen_at(out, found.net, &found.addr[i],
			       found.bytes[i]);
		if (!rc)
			break;
		if (i + 1 < found.count)
			rc = 0;
	}
	return (void *)rc;
}

int pgo_listen(struct pgo_conn **out, const char *net, const char *addr)
{
	*out = NULL;
	return (int)(intptr_t)pgo_sys((void *)listen_on, out, net, addr);
}

/* Accepting ---------------------------------------------------------------- */

static ssize_t try_accept(int fd, const struct try *t)
{
	(void)t;
	return sys_call(SYS_accept4, fd, NULL, NULL,
			SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* It was this one connection's trouble: the next may have none. */
static bool is_gone(ssize_t rc)
{
	return rc == -ECONNABORTED || rc == -EPROTO || rc == -ENETDOWN ||
	       rc == -ENOPROTOOPT || rc == -EHOSTDOWN || rc == -ENONET ||
	       rc == -EHOSTUNREACH || rc == -ENETUNREACH;
}

static bool is_out_of_room(ssize_t rc)
{
	return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS ||
	       rc == -ENOMEM;
}

/* The turn to read is the caller's.  Not inlined: who looks at stacks is shown
 * what the program has called. */
static __attribute__((noinline)) int accept_next(struct pgo_conn *l)
{
	static const struct try t = { .fn = try_accept };
	int64_t pause_ns = PAUSE_MIN_NS;
	ssize_t rc;

	for (;;) {
		rc = try_until(l, TURN_READ, &t);
		if (is_out_of_room(rc)) {
			pgo_sleep(pause_ns);
			pause_ns *= 2;
			if (pause_ns > PAUSE_MAX_NS)
				pause_ns = PAUSE_MAX_NS;
		} else if (!is_gone(rc)) {
			return (int)rc;
		}
	}
}

int pgo_accept(struct pgo_conn **out, struct pgo_conn *l)
{
	int fd, rc;

	*out = NULL;
	sched_point();
	rc = conn_begin(l, TURN_READ);
	if (rc)
		return rc;
	fd = accept_next(l);
	conn_end(l, TURN_READ);
	if (fd < 0)
		return fd;
	rc = conn_open(out, fd);
	if (rc)
		socket_close(fd);
	return rc;
}
