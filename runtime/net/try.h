/* One way to use a descriptor, until it is no EAGAIN. */
#ifndef PGO_RUNTIME_NET_TRY_H
#define PGO_RUNTIME_NET_TRY_H

#include <stddef.h>
#include <sys/socket.h>

#include "runtime/net/conn.h"

struct try {
	/* A system call: what it gives, or -E. */
	ssize_t (*fn)(int fd, const struct try *t);
	void *buf;
	size_t n;
	struct sockaddr *addr;
	socklen_t *addr_bytes;
};

/* What T gives on C, of which the caller has the turn; waits as long as it is
 * -EAGAIN.  [any] */
ssize_t try_until(struct pgo_conn *c, enum turn turn, const struct try *t);

#endif
