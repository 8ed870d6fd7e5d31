/*
 * The options are Go's: no delay, so that small writes leave at once; probes
 * after 15 s of silence, so that a peer that is gone is noticed.  Who is
 * accepted inherits them from the listener, on Linux.
 */
#include "runtime/net/socket.h"

#include <netinet/tcp.h>
#include <stdint.h>

#include "runtime/sys.h"

enum { KEEPALIVE_S = 15 };

int socket_set(int fd, int level, int what, int value)
{
	return (int)sys_call6(SYS_setsockopt, fd, level, what, (long)&value,
			      sizeof(value), 0);
}

int socket_option(int fd, int level, int what)
{
	int value = 0;
	socklen_t bytes = sizeof(value);

	if (sys_call6(SYS_getsockopt, fd, level, what, (long)&value,
		      (long)&bytes, 0))
		return 0;
	return value;
}

void socket_close(int fd)
{
	sys_call(SYS_close, fd, 0, 0, 0);
}

/* None of them is worth failing for. */
static void set_usual(int fd, const struct net *net, const union addr *a)
{
	bool is_inet = a->any.sa_family != AF_UNIX;

	/* Version 6 alone when that was asked for, else 4 too. */
	if (a->any.sa_family == AF_INET6)
		socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY,
			   net->family == AF_INET6);
	if (is_inet && net->type == SOCK_STREAM) {
		socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
		socket_set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		socket_set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_S);
		socket_set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_S);
	} else if (is_inet) {
		socket_set(fd, SOL_SOCKET, SO_BROADCAST, 1);
	}
}

int socket_new(const struct net *net, const union addr *a)
{
	int fd = (int)sys_call(SYS_socket, a->any.sa_family,
			       net->type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, 0);

	if (fd >= 0)
		set_usual(fd, net, a);
	return fd;
}
