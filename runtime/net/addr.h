/* Addresses, as text and as the kernel has them. */
#ifndef PGO_RUNTIME_NET_ADDR_H
#define PGO_RUNTIME_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

union addr {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

/* What NET means. */
struct net {
	const char *name;
	int family;             /* AF_UNSPEC: 4 and 6 */
	int type;               /* SOCK_... */
};

enum { ADDRS_MAX = 8 };

/* Those of one name, in the order to try them. */
struct addrs {
	const struct net *net;
	int count;
	socklen_t bytes[ADDRS_MAX];
	union addr addr[ADDRS_MAX];
};

enum { HOST_BYTES = 256, PORT_BYTES = 32 };

struct place {
	char host[HOST_BYTES];
	char port[PORT_BYTES];
};

enum { ADDRS_NAME = 1 };

/*
 * What TEXT stands for in network NET: to listen there, or to dial.  0,
 * -EINVAL, -EAFNOSUPPORT; ADDRS_NAME: *P, with a name in it, is for
 * addrs_look_up(), which has OUT->net already.  [m]
 */
int addrs_read(struct addrs *out, struct place *p, const char *net,
	       const char *text, bool listen);

/*
 * Looks P up by libc's resolver, which may take seconds.  0, -ENOENT when there
 * is no such host, -EAGAIN when no name server answers, or another -E.  [m]
 */
int addrs_look_up(struct addrs *out, const struct place *p, bool listen);

/* "HOST:PORT", or the path; cut at ROOM.  Its length.  [m] */
int addr_text(const union addr *a, socklen_t bytes, char *buf, size_t room);

#endif
