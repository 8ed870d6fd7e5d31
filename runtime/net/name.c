/* A connection's own address and its peer's, as text. */
#include <errno.h>
#include <stdint.h>

#include <pgo/sys.h>

#include "runtime/net/addr.h"
#include "runtime/net/conn.h"
#include "runtime/sys.h"

/* By getsockname or getpeername.  [m] */
static void *put_name(struct pgo_conn *c, long call, char *buf, size_t room)
{
	union addr a = { 0 };
	socklen_t bytes = sizeof(a);
	intptr_t rc = sys_call(call, c->fd, &a, &bytes, 0);

	if (rc)
		return (void *)rc;
	if (a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6 &&
	    a.any.sa_family != AF_UNIX)
		return (void *)(intptr_t)-EAFNOSUPPORT;
	return (void *)(intptr_t)addr_text(&a, bytes, buf, room);
}

static int name(struct pgo_conn *c, long call, char *buf, size_t room)
{
	int rc = conn_begin(c, TURN_NONE);

	if (rc)
		return rc;
	rc = (int)(intptr_t)pgo_sys((void *)put_name, c, call, buf, room);
	conn_end(c, TURN_NONE);
	return rc;
}

int pgo_conn_local(struct pgo_conn *c, char *buf, size_t bytes)
{
	return name(c, SYS_getsockname, buf, bytes);
}

int pgo_conn_remote(struct pgo_conn *c, char *buf, size_t bytes)
{
	return name(c, SYS_getpeername, buf, bytes);
}
