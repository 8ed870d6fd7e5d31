/*
 * A request and its answer, whoever carries them.
 */
#ifndef LIB_SERVE_HTTP_H
#define LIB_SERVE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"

enum { HTTP_FILENAME_MAX = 63 };

struct http_request {
	const char *method;
	const char *path;               /* decoded */
	const char *query;              /* raw, "" for none */
	const char *host;               /* headers; NULL when absent */
	const char *authorization;
	const char *accept;
	const void *body;
	size_t body_bytes;
	bool tcp;                       /* came over TCP */
	/* Waits NS nanoseconds: 0, or -ECONNRESET when nobody listens any
	 * more, -ESHUTDOWN when serving ends. */
	int (*wait)(void *ctx, int64_t ns);
	void *ctx;
};

/* All zero is an empty 200.  Texts are constants. */
struct http_reply {
	unsigned int status;            /* 0: 200 */
	const char *type;               /* NULL: text/plain; charset=utf-8 */
	char filename[HTTP_FILENAME_MAX + 1]; /* of the attachment; "": none */
	const char *location;
	const char *allow;
	const char *authenticate;
	bool go_pprof;                  /* X-Go-Pprof: 1 */
	struct buf body;
};

#define HTTP_TEXT "text/plain; charset=utf-8"
#define HTTP_HTML "text/html; charset=utf-8"
#define HTTP_JSON "application/json"
#define HTTP_BYTES "application/octet-stream"

static inline bool http_ok(const struct http_reply *r)
{
	return r->status == 0 || r->status == 200;
}

/* Makes R an error with this text and a newline.  [any but g: allocates] */
void http_error(struct http_reply *r, unsigned int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same as net/http/pprof's handlers do it. */
void http_pprof_error(struct http_reply *r, unsigned int status,
		      const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A file to keep, not to show. */
void http_attachment(struct http_reply *r, const char *name,
		     const char *suffix);

/* An answer whose buffer failed becomes a 500 that says so. */
void http_settle(struct http_reply *r);

/*
 * The first value of NAME in a raw query, decoded, as Go's FormValue: pairs
 * with a broken escape or a semicolon do not count.  False and "" when there
 * is none, or it has no room in OUT.
 */
bool http_query(const char *query, const char *name, char *out, size_t bytes);

/* The same as a base-10 number: 0, -ENOENT, or -EINVAL when it is none or out
 * of int64_t. */
int http_query_int(const char *query, const char *name, int64_t *out);

#endif
