/*
 * A connection, a listener, a socket for datagrams: a descriptor and what
 * goroutines need to wait for it.
 *
 * Type-stable: the memory of one is never anything else, so that news and
 * timers that come late find a connection, if another.
 */
#ifndef PGO_RUNTIME_NET_CONN_H
#define PGO_RUNTIME_NET_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <pgo/net.h>

#include "runtime/net/hold.h"
#include "runtime/net/side.h"

/* The descriptor owns the memory too: calls in progress do. */
#define CONN_OPEN (UINT32_C(1) << 31)

struct pgo_conn {
	struct side side[2];            /* TURN_READ, TURN_WRITE */
	int fd;                         /* constant while held */
	bool is_socket;                 /* constant */
	bool is_tcp;                    /* constant: a short read has read all
					 * there is */
	bool drained;                   /* who has the turn to read: one was */
	struct hold hold;               /* of fd; its word is the last that
					 * each call looks at, and on the same
					 * line as all above */
	_Atomic uint32_t owners;        /* of this memory; and CONN_OPEN */
	struct limit limit[2];          /* of the sides */
	char *path;                     /* constant: to remove; NULL: none */
	size_t path_bytes;              /* constant */
	struct pgo_conn *link;          /* conns.lock: the free list */
} __attribute__((aligned(64)));

/* One with FD, which is nonblocking and is closed with it.  0, or -E: FD is the
 * caller's still.  [any] */
int conn_open(struct pgo_conn **out, int fd);

/* Brackets a use of its descriptor, with the turn of a direction or without:
 * 0, or -E and there is nothing to end.  [any] */
int conn_begin(struct pgo_conn *c, enum turn turn);
void conn_end(struct pgo_conn *c, enum turn turn);

/* PATH is removed when C is closed, which is the caller's alone yet.  0 or
 * -ENOMEM.  [m] */
int conn_remove_later(struct pgo_conn *c, const char *path);

#endif
