/* Sockets as connections have them. */
#ifndef PGO_RUNTIME_NET_SOCKET_H
#define PGO_RUNTIME_NET_SOCKET_H

#include "runtime/net/addr.h"

/* A new one for A, nonblocking, with the options all have: its descriptor or
 * -E.  [any] */
int socket_new(const struct net *net, const union addr *a);

/* An option of FD's, which is an int, set; and read, 0 where it has none.
 * [any] */
int socket_set(int fd, int level, int what, int value);
int socket_option(int fd, int level, int what);

/* [any] */
void socket_close(int fd);

#endif
