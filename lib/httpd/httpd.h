/*
 * HTTP on listening sockets, under lib/serve.
 */
#ifndef LIB_HTTPD_HTTPD_H
#define LIB_HTTPD_HTTPD_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/serve/serve.h"

/* Before any socket: who answers, and who, if not NULL, is told of N more or
 * fewer threads of ours.  0 or -E.  [any but g] */
int httpd_setup(struct serve *s, void (*threads_add)(int n));

/* Answers on FD, which is the server's from now on, also when this fails.  0
 * or -E with words in E. */
int httpd_add(int fd, bool tcp, struct err *e);

/* After fork(), in the child: closes all sockets, which are the parent's. */
void httpd_in_child(void);

/* Cuts off all requests, ends all threads, closes all sockets. */
void httpd_stop(void);

#endif
