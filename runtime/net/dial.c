/*
 * Dialling: the addresses of a name one after the other, each with its share of
 * the time that is left.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <pgo/go.h>
#include <pgo/sys.h>

#include "lib/base/clock.h"
#include "runtime/net/conn.h"
#include "runtime/net/lookup.h"
#include "runtime/net/socket.h"
#include "runtime/sched.h"
#include "runtime/slab.h"
#include "runtime/sys.h"

enum {
	SHARE_MIN_NS = 2000000000,      /* for an address, or what is left */
	FULL_MIN_NS = 1000000,          /* pauses: a queue is full */
	FULL_MAX_NS = 20000000,
};

/* One address ------------------------------------------------------------- */

/* Whether the kernel has made the connection: 0, -EINPROGRESS, or why not. */
static int outcome(int fd)
{
	int rc = -socket_option(fd, SOL_SOCKET, SO_ERROR);
	/* Of its address no more is asked. */
	sa_family_t peer;
	socklen_t bytes = sizeof(peer);

	if (rc)
		return rc == -EINTR || rc == -EALREADY ? -EINPROGRESS : rc;
	rc = (int)sys_call(SYS_getpeername, fd, &peer, &bytes, 0);
	return rc == -ENOTCONN ? -EINPROGRESS : rc;
}

/* News may be of another connection that had this memory.  A frame of its own,
 * as below: closing goes deep, and is not called from here. */
static __attribute__((noinline)) int await_outcome(struct pgo_conn *c,
						  int64_t deadline_ns)
{
	struct side *s = &c->side[TURN_WRITE];
	int rc;

	side_deadline(&c->limit[TURN_WRITE], deadline_ns);
	do {
		rc = side_wait(s, c);
		if (!rc)
			rc = outcome(c->fd);
	} while (rc == -EINPROGRESS);
	side_deadline(&c->limit[TURN_WRITE], 0);
	return rc;
}

/* A unix listener's queue is full: the kernel does not tell when it is not.
 * Whether to try again. */
static bool wait_for_queue(int64_t *pause_ns, int64_t deadline_ns)
{
	if (deadline_ns && clock_mono_ns() >= deadline_ns)
		return false;
	pgo_sleep(*pause_ns);
	if (*pause_ns < FULL_MAX_NS)
		*pause_ns *= 2;
	return true;
}

static __attribute__((noinline)) int
begin_connect(int fd, const union addr *a, socklen_t bytes,
	      int64_t deadline_ns)
{
	int64_t pause_ns = FULL_MIN_NS;
	int rc;

	do {
		rc = (int)sys_call(SYS_connect, fd, a, bytes, 0);
		if (rc != -EAGAIN || a->any.sa_family != AF_UNIX)
			return rc == -EINTR ? -EINPROGRESS : rc;
	} while (wait_for_queue(&pause_ns, deadline_ns));
	return -ETIMEDOUT;
}

/* Nobody listens there, but the kernel chose that very port for this end: who
 * connects to himself is connected, to TCP. */
static __attribute__((noinline)) bool is_its_own_peer(int fd)
{
	struct sockaddr_in6 own = { 0 }, peer = { 0 };
	socklen_t own_bytes = sizeof(own), peer_bytes = sizeof(peer);

	return !sys_call(SYS_getsockname, fd, &own, &own_bytes, 0) &&
	       !sys_call(SYS_getpeername, fd, &peer, &peer_bytes, 0) &&
	       !memcmp(&own, &peer, sizeof(own));
}

static int connect_socket(struct pgo_conn **out, int fd, const union addr *a,
			  socklen_t bytes, int64_t deadline_ns)
{
	int begun = begin_connect(fd, a, bytes, deadline_ns);
	int rc;

	if (begun && begun != -EINPROGRESS) {
		socket_close(fd);
		return begun;
	}
	rc = conn_open(out, fd);
	if (rc) {
		socket_close(fd);
		return rc;
	}
	if (begun)
		rc = await_outcome(*out, deadline_ns);
	if (!rc && (*out)->is_tcp && is_its_own_peer(fd))
		rc = -ECONNREFUSED;
	if (!rc)
		return 0;
	pgo_close(*out);
	*out = NULL;
	return rc;
}

static int dial_one(struct pgo_conn **out, const struct net *net,
		    const union addr *a, socklen_t bytes, int64_t deadline_ns)
{
	int fd = socket_new(net, a);

	return fd < 0 ? fd : connect_socket(out, fd, a, bytes, deadline_ns);
}

/* All of them -------------------------------------------------------------- */

/* When the first of LEFT addresses has had its time. */
static int64_t share(int64_t deadline_ns, int left)
{
	int64_t now = clock_mono_ns();
	int64_t ns;

	if (!deadline_ns || deadline_ns <= now)
		return deadline_ns;
	ns = (deadline_ns - now) / left;
	if (ns < SHARE_MIN_NS)
		ns = SHARE_MIN_NS;
	return ns > deadline_ns - now ? deadline_ns : now + ns;
}

/* The first one's error is told: it is the one that was preferred. */
static int dial_each(struct pgo_conn **out, const struct addrs *found,
		     int64_t deadline_ns)
{
	int first = 0;
	int rc = 0;

	for (int i = 0; i < found->count; i++) {
		rc = dial_one(out, found->net, &found->addr[i],
			      found->bytes[i],
			      share(deadline_ns, found->count - i));
		if (!rc)
			return 0;
		if (!first)
			first = rc;
	}
	return first;
}

int pgo_dial(struct pgo_conn **out, const char *net, const char *addr,
	     int64_t deadline_ns)
{
	struct addrs *found;
	int rc;

	*out = NULL;
	sched_point();
	found = slab_new(sizeof(*found));
	if (!found)
		return -ENOMEM;
	rc = (int)(intptr_t)pgo_sys((void *)lookup, found, net, addr,
				    deadline_ns);
	if (!rc)
		rc = dial_each(out, found, deadline_ns);
	slab_free(found, sizeof(*found));
	return rc;
}
