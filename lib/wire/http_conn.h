/*
 * A connection under an absolute deadline: every wait in it ends there, or
 * when the caller says so.
 */
#ifndef LIB_WIRE_HTTP_CONN_H
#define LIB_WIRE_HTTP_CONN_H

#include <stddef.h>
#include <stdint.h>

#include "lib/wire/http.h"

struct http_conn {
	int fd;                         /* -1: none */
	int64_t deadline_ns;
	int (*waiting)(void *ctx);
	void *ctx;
	size_t at, end;                 /* of IN, what is not yet taken */
	char in[16384];
};

/* 0 or -E: -ETIMEDOUT, what waiting() said, -EPERM when another process than
 * U's peer listens.  The fields above FD's are set by the caller. */
int http_conn_open(struct http_conn *c, const struct http_url *u);
void http_conn_close(struct http_conn *c);

int http_conn_write(struct http_conn *c, const void *p, size_t n);

/* Fills IN when it is empty.  How many bytes there are, 0 at the end, -E. */
ssize_t http_conn_fill(struct http_conn *c);

#endif
