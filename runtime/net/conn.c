/*
 * The life of connections.
 *
 * Two things are counted.  Who uses the descriptor (hold.h): it is closed with
 * the last call that does, after pgo_close().  And who may come with the
 * pointer, by pgo_conn_get(): with the last of them, and the descriptor, the
 * memory is free for another.  So whoever waits when it is closed needs no
 * share of his own.
 */
#include "runtime/net/conn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "runtime/fatal.h"
#include "runtime/fiber.h"
#include "runtime/forked.h"
#include "runtime/lock.h"
#include "runtime/net/netpoll.h"
#include "runtime/net/socket.h"
#include "runtime/slab.h"
#include "runtime/sys.h"
#include "runtime/timer.h"

enum { CHUNK = 128 };           /* connections made at a time */

static struct {
	struct lock lock;
	struct pgo_conn *free;  /* lock */
} conns;

/* Memory ------------------------------------------------------------------- */

/* Lock held. */
static int make_more(void)
{
	struct pgo_conn *c = sys_map(CHUNK * sizeof(*c));

	if (!c)
		return -ENOMEM;
	for (int i = 0; i < CHUNK; i++) {
		c[i].link = conns.free;
		conns.free = &c[i];
	}
	return 0;
}

static struct pgo_conn *get_free(void)
{
	struct pgo_conn *c = NULL;

	lock_get(&conns.lock);
	if (conns.free || !make_more()) {
		c = conns.free;
		conns.free = c->link;
	}
	lock_put(&conns.lock);
	return c;
}

static void put_free(struct pgo_conn *c)
{
	lock_get(&conns.lock);
	c->link = conns.free;
	conns.free = c;
	lock_put(&conns.lock);
}

/* Opening and closing ------------------------------------------------------ */

static void fill(struct pgo_conn *c, int fd)
{
	int type = socket_option(fd, SOL_SOCKET, SO_TYPE);
	int domain = socket_option(fd, SOL_SOCKET, SO_DOMAIN);

	for (enum turn turn = TURN_READ; turn < TURN_NONE; turn++)
		side_init(&c->side[turn], &c->limit[turn]);
	hold_init(&c->hold);
	atomic_store(&c->owners, 1 | CONN_OPEN);
	c->fd = fd;
	c->is_socket = type != 0;
	c->is_tcp = type == SOCK_STREAM &&
		    (domain == AF_INET || domain == AF_INET6);
	c->drained = false;
	c->path = NULL;
}

int conn_open(struct pgo_conn **out, int fd)
{
	struct pgo_conn *c = get_free();
	int rc;

	*out = NULL;
	if (!c)
		return -ENOMEM;
	fill(c, fd);
	rc = netpoll_add(fd, c);
	if (rc)
		put_free(c);
	else
		*out = c;
	return rc;
}

int pgo_conn_adopt(struct pgo_conn **out, int fd)
{
	long flags = sys_call(SYS_fcntl, fd, F_GETFL, 0, 0);
	int rc;

	*out = NULL;
	if (flags < 0)
		return (int)flags;
	rc = conn_open(out, fd);
	if (rc)
		return rc;
	/* Whoever has it may leave bytes where a short read was. */
	side_surprise(&(*out)->side[TURN_READ]);
	if (!(flags & O_NONBLOCK))
		sys_call(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK, 0);
	return 0;
}

int conn_remove_later(struct pgo_conn *c, const char *path)
{
	c->path_bytes = strlen(path) + 1;
	c->path = slab_new(c->path_bytes);
	if (!c->path)
		return -ENOMEM;
	memcpy(c->path, path, c->path_bytes);
	return 0;
}

static void remove_path(struct pgo_conn *c)
{
	if (!c->path)
		return;
	sys_call(SYS_unlink, c->path, 0, 0, 0);
	slab_free(c->path, c->path_bytes);
	c->path = NULL;
}

static void drop(struct pgo_conn *c, uint32_t share)
{
	if (atomic_fetch_sub(&c->owners, share) == share)
		put_free(c);
}

/* Nobody uses the descriptor, nor will. */
static void close_fd(struct pgo_conn *c)
{
	netpoll_remove(c->fd);
	socket_close(c->fd);
	c->fd = -1;
	if (!is_forked)
		drop(c, CONN_OPEN);
}

int conn_begin(struct pgo_conn *c, enum turn turn)
{
	int rc = hold_begin(&c->hold, turn, c);

	if (rc <= 0)
		return rc;
	conn_end(c, TURN_NONE);
	return -EBADF;
}

void conn_end(struct pgo_conn *c, enum turn turn)
{
	if (hold_end(&c->hold, turn))
		close_fd(c);
}

static void close_now(struct pgo_conn *c)
{
	if (!hold_close(&c->hold))
		return;
	/* In the child of a fork() those who use it, or wait, are not there;
	 * a lock may be held for ever by one of them.  A path is the
	 * parent's. */
	if (is_forked) {
		close_fd(c);
		return;
	}
	remove_path(c);
	for (enum turn turn = TURN_READ; turn < TURN_NONE; turn++)
		side_close(&c->limit[turn]);
	conn_end(c, TURN_NONE);
}

struct pgo_conn *pgo_conn_get(struct pgo_conn *c)
{
	atomic_fetch_add(&c->owners, 1);
	return c;
}

static bool drop_unless_last(struct pgo_conn *c)
{
	uint32_t owners = atomic_load(&c->owners);

	do {
		if (!(owners & ~CONN_OPEN))
			fatal_throw("pgo_close() or pgo_conn_put() of a "
				    "connection that was given back");
		if ((owners & ~CONN_OPEN) == 1)
			return false;
	} while (!atomic_compare_exchange_weak(&c->owners, &owners,
					       owners - 1));
	return true;
}

void pgo_conn_put(struct pgo_conn *c)
{
	if (!c)
		return;
	fiber_release(c);
	if (drop_unless_last(c))
		return;
	close_now(c);
	if (!is_forked)
		drop(c, 1);
}

void pgo_close(struct pgo_conn *c)
{
	if (!c)
		return;
	close_now(c);
	pgo_conn_put(c);
}

/* The rest ----------------------------------------------------------------- */

int pgo_conn_deadline(struct pgo_conn *c, int which, int64_t when_ns)
{
	int rc = conn_begin(c, TURN_NONE);

	if (rc)
		return rc;
	if (which & PGO_READ)
		side_deadline(&c->limit[TURN_READ], when_ns);
	if (which & PGO_WRITE)
		side_deadline(&c->limit[TURN_WRITE], when_ns);
	conn_end(c, TURN_NONE);
	return 0;
}

int pgo_conn_timeout(struct pgo_conn *c, int which, int64_t ns)
{
	return pgo_conn_deadline(c, which, ns < 0 ? 0 : timer_in(ns));
}

int pgo_conn_wait(struct pgo_conn *c, int which)
{
	enum turn turn = which == PGO_WRITE ? TURN_WRITE : TURN_READ;
	int rc;

	if (which != PGO_READ && which != PGO_WRITE)
		return -EINVAL;
	rc = conn_begin(c, turn);
	if (rc)
		return rc;
	rc = side_wait(&c->side[turn], c);
	conn_end(c, turn);
	return rc;
}

int pgo_conn_fd(struct pgo_conn *c)
{
	int fd = conn_begin(c, TURN_NONE);

	if (fd)
		return fd;
	fd = c->fd;
	/* Whoever has it may leave bytes where a short read was. */
	side_surprise(&c->side[TURN_READ]);
	conn_end(c, TURN_NONE);
	return fd;
}
