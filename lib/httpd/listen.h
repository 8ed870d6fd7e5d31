/*
 * Sockets to listen on, from addresses as people write them: "unix",
 * "unix:PATH", "HOST:PORT".
 */
#ifndef LIB_HTTPD_LISTEN_H
#define LIB_HTTPD_LISTEN_H

#include <limits.h>
#include <stdbool.h>

#include "lib/base/err.h"

enum { LISTEN_ADDRESS_MAX = 300, LISTEN_FDS_MAX = 4 };

struct listener {
	int fds[LISTEN_FDS_MAX];
	int n;
	bool tcp;
	char path[108];         /* of a unix socket, to be removed; else "" */
	char address[LISTEN_ADDRESS_MAX]; /* as readers find it: "unix:PATH",
				 * "127.0.0.1:6060" */
};

/* Listens at ADDRESS; TCP beyond this machine only if ANYWHERE.  0 or -E with
 * words in E.  [any but g] */
int listen_open(struct listener *l, const char *address, bool anywhere,
		struct err *e);

/* Closes and removes. */
void listen_close(struct listener *l);

#endif
