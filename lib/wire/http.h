/*
 * HTTP/1.1 as a client speaks it to an agent: one exchange a connection, over
 * TCP or a unix socket, no TLS.
 *
 * The server is hostile: everything it sends is bounded in bytes, and the
 * whole exchange (name lookup, connection, every byte) ends at one absolute
 * deadline, however slowly it drips.  Redirects are not followed.
 * For plain threads that may allocate.  Tools and the agent only.
 */
#ifndef LIB_WIRE_HTTP_H
#define LIB_WIRE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/buf.h"

struct err;

enum {
	HTTP_HOST_BYTES = 256,
	HTTP_PATH_BYTES = 4096,
	HTTP_HEAD_MAX = 32768,          /* bytes of status line and headers */
	HTTP_LINE_MAX = 4096,           /* bytes of one of their lines */
};

/* Where to ask, and for what when no other path is given. */
struct http_url {
	bool is_unix;
	char host[HTTP_HOST_BYTES];     /* without the [] of IPv6 */
	char port[8];
	char user[HTTP_HOST_BYTES];     /* "user:password" or "" */
	char socket[HTTP_PATH_BYTES];   /* of a unix socket */
	char root[32];                  /* "": SOCKET is looked up as from
					 * here; else under this folder, which
					 * no symbolic link leaves */
	pid_t peer;                     /* who must listen there; 0: anyone */
	char path[HTTP_PATH_BYTES];     /* "/..." with its query */
};

/* Reads `http://[USER:PASSWORD@]HOST[:PORT][/PATH]`, `HOST:PORT[/PATH]`,
 * `:PORT` (localhost) or `unix:SOCKET`.  0; -EPROTONOSUPPORT for https and
 * other schemes, -EINVAL for what is none of these.  [any] */
int http_url_parse(struct http_url *u, const char *text, struct err *e);

/* The same in few words, for messages: "localhost:6060", "unix:/x.sock". */
void http_url_name(const struct http_url *u, char *out, size_t bytes);

struct http_request {
	const char *path;               /* NULL: the URL's */
	const char *accept;             /* NULL: anything */
	const char *token;              /* Bearer; NULL or "": none */
	const void *body;               /* NULL: a GET; else a POST of */
	size_t body_bytes;              /* as many bytes */
	int64_t deadline_ns;            /* on the monotonic clock */
	size_t max;                     /* bytes of the answer's body */
	/* Each piece of a 200's body as it comes; -E ends the exchange with
	 * that.  NULL: the body is collected. */
	int (*piece)(void *ctx, const void *p, size_t n);
	/* Asked about every 100 ms of waiting; -E ends the exchange with
	 * that.  May be NULL. */
	int (*waiting)(void *ctx);
	void *ctx;
};

struct http_answer {
	int status;
	char type[128];                 /* Content-Type, "" for none */
	char location[256];             /* where a redirect points to */
	bool is_pprof_error;            /* X-Go-Pprof: the body says what */
	struct buf body;                /* unless PIECE took it */
};

/*
 * Asks, and reads the answer.  0 with any status; -ETIMEDOUT at the deadline;
 * -EFBIG when the body exceeds MAX (A has what came before), -EBADMSG when
 * it is no HTTP or was cut off, -E of connect(2) and its like.  E names the
 * address.  A is filled from zero and released by the caller in any case.
 */
int http_ask(const struct http_url *u, const struct http_request *rq,
	     struct http_answer *a, struct err *e);
void http_answer_release(struct http_answer *a);

/* http_ask() of which only a 200 is good: else -EPROTO (-EACCES for 401 and
 * 403, -ENOENT for 404, -EOPNOTSUPP for redirects) with the status and the
 * first line of the answer in E. */
int http_fetch(const struct http_url *u, const struct http_request *rq,
	       struct http_answer *a, struct err *e);

#endif
