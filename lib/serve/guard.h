/*
 * Who may ask over TCP: the token, and the Host header, by which a web page
 * that made its own name point at this machine gives itself away.
 */
#ifndef LIB_SERVE_GUARD_H
#define LIB_SERVE_GUARD_H

#include <stdbool.h>

#include "lib/serve/http.h"

struct err;

enum { GUARD_TOKEN_MIN = 16, GUARD_TOKEN_MAX = 512 };

struct guard {
	char token[GUARD_TOKEN_MAX + 1];        /* "": none wanted */
	const char *hosts;      /* more names, with commas; NULL: none */
};

/* Reads the token: the first line of PATH.  0 or -E with words in E. */
int guard_read_token(struct guard *g, const char *path, struct err *e);

/* True, or RP says what is wrong. */
bool guard_admits(const struct guard *g, const struct http_request *rq,
		  struct http_reply *rp);

#endif
