/*
 * The network: connections, listeners, sockets for datagrams.
 *
 * A goroutine that must wait for one parks, and its thread runs others.  Calls
 * return 0, a count, or -E; besides what the kernel says these are
 *
 *   -EBADF       it was closed, before or while one waited
 *   -ETIMEDOUT   its deadline has passed (or the kernel gave up on the peer)
 *
 * NET is "tcp", "udp", "unix" (a stream), "unixgram" or "unixpacket"; with a 4
 * or a 6 behind tcp or udp for that version alone.  ADDR is "HOST:PORT" with
 * brackets around a version 6 host; a HOST that is left out is every address
 * of the machine (to dial: itself), a PORT of 0 is any that is free.  Of unix
 * it is a path, or "@NAME" for one of the abstract names.
 *
 * One reader and one writer are served at a time; others wait for their turn.
 */
#ifndef PGO_NET_H
#define PGO_NET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <pgo/cdefs.h>

PGO_BEGIN

struct pgo_conn;
struct sockaddr;

/* Directions. */
enum {
	PGO_READ = 1,           /* and accepting */
	PGO_WRITE = 2,
	PGO_BOTH = 3,
};

/*
 * Waits for connections, or packets, at ADDR.  *OUT is the caller's until
 * pgo_close(), which removes the path of a unix one.  -EINVAL when ADDR or NET
 * make no sense, -ENOENT when there is no such host.  [any]
 */
PGO_API int pgo_listen(struct pgo_conn **out, const char *net,
		       const char *addr);

/*
 * The next who connects to L, parking until there is one.  Out of descriptors
 * or memory it waits, a tenth of a second at most from try to try, and goes on
 * when there are some.  One that came and could not be watched, epoll(7)'s
 * limit, is closed: -ENOSPC, or -ENOMEM.  [any]
 */
PGO_API int pgo_accept(struct pgo_conn **out, struct pgo_conn *l);

/*
 * A connection to ADDR, or to the first of its addresses that answers; "udp"
 * and "unixgram" send there only.  Until DEADLINE_NS on the monotonic clock, 0
 * for as long as the kernel tries.  [any]
 */
PGO_API int pgo_dial(struct pgo_conn **out, const char *net, const char *addr,
		     int64_t deadline_ns);

/*
 * A connection of FD, a socket, a pipe or what else epoll(7) takes (else
 * -EPERM), which becomes nonblocking and is closed with it.  On an error it
 * is the caller's still.  [any]
 */
PGO_API int pgo_conn_adopt(struct pgo_conn **out, int fd);

/* At most N bytes, as soon as there are some.  How many; 0 at the end, and at
 * once when N is 0.  [any] */
PGO_API ssize_t pgo_read(struct pgo_conn *c, void *buf, size_t n);

/*
 * Writes all N bytes, and returns N; on an error some may be on their way.
 * The other writes what can be at once, one byte at least.  A peer that is
 * gone is -EPIPE, without SIGPIPE on sockets.  [any]
 */
PGO_API ssize_t pgo_write(struct pgo_conn *c, const void *buf, size_t n);
PGO_API ssize_t pgo_write_some(struct pgo_conn *c, const void *buf, size_t n);

/* A packet and who sent it, as recvfrom(2) and sendto(2), with a socklen_t;
 * FROM and TO may be NULL.  [any] */
PGO_API ssize_t pgo_recvfrom(struct pgo_conn *c, void *buf, size_t n,
			     struct sockaddr *from, unsigned *from_bytes);
PGO_API ssize_t pgo_sendto(struct pgo_conn *c, const void *buf, size_t n,
			   const struct sockaddr *to, unsigned to_bytes);

/* Nothing more will be read, or written: the peer reads the end.  0 or -E.
 * [any] */
PGO_API int pgo_close_read(struct pgo_conn *c);
PGO_API int pgo_close_write(struct pgo_conn *c);

/*
 * Closes C and gives it back: whoever waits for it, or comes to it later by a
 * pgo_conn_get() of his own, gets -EBADF.  NULL is fine.  [any]
 */
PGO_API void pgo_close(struct pgo_conn *c);

/*
 * One more who uses C, which is returned; one less, as by pgo_close(), but that
 * it stays open for the others.  Whoever may use C after another has closed
 * it needs one.  [any]
 */
PGO_API struct pgo_conn *pgo_conn_get(struct pgo_conn *c);
PGO_API void pgo_conn_put(struct pgo_conn *c);

/*
 * From WHEN_NS on the monotonic clock on, directions WHICH (PGO_READ,
 * PGO_WRITE, PGO_BOTH) are -ETIMEDOUT, also for who waits now; 0 takes it
 * back.  The other counts from now, and takes it back below 0.  0 or -EBADF.
 * [any]
 */
PGO_API int pgo_conn_deadline(struct pgo_conn *c, int which, int64_t when_ns);
PGO_API int pgo_conn_timeout(struct pgo_conn *c, int which, int64_t ns);

/*
 * For who reads or writes the descriptor himself, after that has said EAGAIN:
 * waits until it may be worth another try in direction WHICH, PGO_READ or
 * PGO_WRITE.  0 or -E.  [any]
 */
PGO_API int pgo_conn_wait(struct pgo_conn *c, int which);

/* Its descriptor, until it is closed; -EBADF after.  [any] */
PGO_API int pgo_conn_fd(struct pgo_conn *c);

/* Its own address and its peer's as text, "127.0.0.1:4711", cut at BYTES.  The
 * length of all of it, or -E.  [any] */
PGO_API int pgo_conn_local(struct pgo_conn *c, char *buf, size_t bytes);
PGO_API int pgo_conn_remote(struct pgo_conn *c, char *buf, size_t bytes);

PGO_END

#endif
