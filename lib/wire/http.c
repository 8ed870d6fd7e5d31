/*
 * One exchange.  The answer's head is read by lines into one of fixed size;
 * the body goes on as it comes, so memory is MAX at most, and nothing a server
 * claims is allocated for.
 */
#include "lib/wire/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/wire/http_conn.h"

#define UNKNOWN UINT64_MAX

struct exchange {
	const struct http_request *rq;
	struct http_answer *a;
	struct http_conn conn;
	size_t head;                    /* bytes of head and trailers so far */
	uint64_t length;                /* Content-Length, or UNKNOWN */
	bool chunked;
	size_t got;                     /* bytes of the body so far */
};

static void put_base64(struct buf *b, const char *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)(uint8_t)s[i] << 16;

		if (i + 1 < n)
			v |= (uint32_t)(uint8_t)s[i + 1] << 8;
		if (i + 2 < n)
			v |= (uint8_t)s[i + 2];
		buf_put_u8(b, (uint8_t)digits[v >> 18]);
		buf_put_u8(b, (uint8_t)digits[v >> 12 & 63]);
		buf_put_u8(b, i + 1 < n ? (uint8_t)digits[v >> 6 & 63] : '=');
		buf_put_u8(b, i + 2 < n ? (uint8_t)digits[v & 63] : '=');
	}
}

static bool is_plain(const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

static void put_host(struct buf *b, const struct http_url *u)
{
	char name[HTTP_HOST_BYTES + 16];

	http_url_name(u, name, sizeof(name));
	buf_printf(b, "Host: %s\r\n", u->is_unix ? "localhost" : name);
}

/* -EINVAL when what the caller gave would break the head apart. */
static int put_head(struct buf *b, const struct http_url *u,
		    const struct http_request *rq)
{
	const char *path = rq->path ? rq->path : u->path;

	if (path[0] != '/' || !is_plain(path) || !is_plain(rq->token) ||
	    !is_plain(u->host))
		return -EINVAL;
	buf_printf(b, "%s %s HTTP/1.1\r\n", rq->body ? "POST" : "GET", path);
	put_host(b, u);
	buf_put_str(b, "User-Agent: pgo/" PGO_VERSION "\r\n"
		       "Connection: close\r\n");
	buf_printf(b, "Accept: %s\r\n", rq->accept ? rq->accept : "*/*");
	if (rq->token && rq->token[0]) {
		buf_printf(b, "Authorization: Bearer %s\r\n", rq->token);
	} else if (u->user[0]) {
		buf_put_str(b, "Authorization: Basic ");
		put_base64(b, u->user);
		buf_put_str(b, "\r\n");
	}
	if (rq->body)
		buf_printf(b, "Content-Length: %zu\r\n", rq->body_bytes);
	buf_put_str(b, "\r\n");
	return buf_error(b);
}

static int send_request(struct exchange *x, const struct http_url *u)
{
	struct buf head = { .cap = 65536 };
	int rc = put_head(&head, u, x->rq);

	if (rc == 0)
		rc = http_conn_write(&x->conn, head.data, head.len);
	if (rc == 0 && x->rq->body)
		rc = http_conn_write(&x->conn, x->rq->body,
				     x->rq->body_bytes);
	buf_release(&head);
	/* Who answers before all is read and closes is heard nevertheless. */
	return rc == -EPIPE || rc == -ECONNRESET ? 0 : rc;
}

/* The next byte, or -E; an end there is a cut. */
static int next_byte(struct exchange *x)
{
	ssize_t n = http_conn_fill(&x->conn);

	if (n < 0)
		return (int)n;
	return n ? (uint8_t)x->conn.in[x->conn.at++] : -EBADMSG;
}

/* A line without its end, all of them together within HTTP_HEAD_MAX. */
static int read_line(struct exchange *x, char *line)
{
	size_t n = 0;
	int c;

	while ((c = next_byte(x)) != '\n') {
		if (c < 0)
			return c;
		if (++x->head > HTTP_HEAD_MAX || n + 1 >= HTTP_LINE_MAX)
			return -EMSGSIZE;
		line[n++] = (char)c;
	}
	x->head++;
	if (n && line[n - 1] == '\r')
		n--;
	line[n] = '\0';
	return memchr(line, '\0', n) ? -EBADMSG : 0;
}

/* "HTTP/1.1 200 OK" */
static int parse_status(const char *line)
{
	if (strncmp(line, "HTTP/1.", 7) || strlen(line) < 12 ||
	    line[8] != ' ' || (line[12] && line[12] != ' '))
		return -EBADMSG;
	for (int i = 9; i < 12; i++)
		if (line[i] < '0' || line[i] > '9')
			return -EBADMSG;
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
}

static int set_length(struct exchange *x, const char *value)
{
	uint64_t v = 0;

	if (!*value)
		return -EBADMSG;
	for (; *value; value++) {
		if (*value < '0' || *value > '9' || v > UINT64_MAX / 10 - 10)
			return -EBADMSG;
		v = v * 10 + (uint64_t)(*value - '0');
	}
	if (x->length != UNKNOWN && x->length != v)
		return -EBADMSG;
	x->length = v;
	return 0;
}

static int take_header(struct exchange *x, char *line)
{
	char *colon = strchr(line, ':'), *value, *end;
	struct http_answer *a = x->a;

	if (!colon)
		return -EBADMSG;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	end = value + strlen(value);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	if (!strcasecmp(line, "content-length"))
		return set_length(x, value);
	if (!strcasecmp(line, "transfer-encoding")) {
		if (strcasecmp(value, "chunked"))
			return -EBADMSG;
		x->chunked = true;
	} else if (!strcasecmp(line, "content-type")) {
		snprintf(a->type, sizeof(a->type), "%s", value);
	} else if (!strcasecmp(line, "location")) {
		snprintf(a->location, sizeof(a->location), "%s", value);
	} else if (!strcasecmp(line, "x-go-pprof")) {
		a->is_pprof_error = true;
	}
	return 0;
}

static int read_head(struct exchange *x)
{
	char line[HTTP_LINE_MAX];
	int rc;

	/* 1xx come before the answer; HTTP_HEAD_MAX bounds how many. */
	do {
		rc = read_line(x, line);
		if (rc < 0)
			return rc;
		x->a->status = parse_status(line);
		if (x->a->status < 0)
			return -EBADMSG;
		x->length = UNKNOWN;
		x->chunked = false;
		while ((rc = read_line(x, line)) == 0 && *line)
			if ((rc = take_header(x, line)) < 0)
				break;
		if (rc < 0)
			return rc;
	} while (x->a->status < 200);
	return 0;
}

static int take_body(struct exchange *x, const void *p, size_t n)
{
	const struct http_request *rq = x->rq;

	x->got += n;
	if (rq->piece && x->a->status == 200)
		return rq->piece(rq->ctx, p, n);
	buf_put(&x->a->body, p, n);
	return buf_error(&x->a->body);
}

/* As many bytes of body; UNKNOWN: to the end of the connection. */
static int read_bytes(struct exchange *x, uint64_t want)
{
	while (want > 0) {
		ssize_t n = http_conn_fill(&x->conn);
		int rc;

		if (n < 0)
			return (int)n;
		if (n == 0)
			return want == UNKNOWN ? 0 : -EBADMSG;
		if ((uint64_t)n > want)
			n = (ssize_t)want;
		if ((size_t)n > x->rq->max - x->got)
			return -EFBIG;
		rc = take_body(x, x->conn.in + x->conn.at, (size_t)n);
		if (rc)
			return rc;
		x->conn.at += (size_t)n;
		want -= want == UNKNOWN ? 0 : (uint64_t)n;
	}
	return 0;
}

/* Of "1a;extension". */
static int chunk_size(const char *line, uint64_t *out)
{
	size_t n = strspn(line, "0123456789abcdefABCDEF");

	if (n < 1 || n > 15 || (line[n] && !strchr("; \t", line[n])))
		return -EBADMSG;
	*out = strtoull(line, NULL, 16);
	return 0;
}

static int read_chunks(struct exchange *x)
{
	char line[HTTP_LINE_MAX];
	uint64_t n = 0;
	int rc;

	for (;;) {
		/* The head's bound is for lines; a body has as many chunks as
		 * it likes, of at least a byte each. */
		x->head = 0;
		rc = read_line(x, line);
		if (rc == 0)
			rc = chunk_size(line, &n);
		if (rc < 0)
			return rc;
		if (n == 0)
			break;
		rc = read_bytes(x, n);
		if (rc == 0)
			rc = read_line(x, line);
		if (rc == 0 && *line)
			rc = -EBADMSG;
		if (rc)
			return rc;
	}
	while ((rc = read_line(x, line)) == 0 && *line)
		;
	return rc;
}

static int read_body(struct exchange *x)
{
	if (x->a->status == 204 || x->a->status == 304)
		return 0;
	if (x->chunked)
		return read_chunks(x);
	if (x->length != UNKNOWN && x->length > x->rq->max)
		return -EFBIG;
	return read_bytes(x, x->length);
}

static int exchange(struct exchange *x, const struct http_url *u)
{
	int rc = http_conn_open(&x->conn, u);

	if (rc == 0)
		rc = send_request(x, u);
	if (rc == 0)
		rc = read_head(x);
	if (rc == 0)
		rc = read_body(x);
	http_conn_close(&x->conn);
	return rc;
}

static int explain(const struct http_url *u, const struct http_request *rq,
		   int rc, struct err *e)
{
	char name[200];

	http_url_name(u, name, sizeof(name));
	if (rc == -EBADMSG)
		return err_say(e, rc, "%s: no complete HTTP answer", name);
	if (rc == -EMSGSIZE)
		return err_say(e, rc, "%s: too many or too long HTTP headers",
			       name);
	if (rc == -EFBIG)
		return err_say(e, rc, "%s: the answer is more than %zu bytes",
			       name, rq->max);
	if (rc == -EPERM && u->peer)
		return err_say(e, rc, "%s: not process %d listens there", name,
			       (int)u->peer);
	if (rc == -ENXIO)
		return err_say(e, rc, "%s: unknown host", name);
	return err_set(e, rc, "%s", name);
}

int http_ask(const struct http_url *u, const struct http_request *rq,
	     struct http_answer *a, struct err *e)
{
	struct exchange *x;
	int rc;

	memset(a, 0, sizeof(*a));
	buf_init(&a->body, rq->max + 1);
	x = calloc(1, sizeof(*x));
	if (!x)
		return err_set(e, -ENOMEM, "HTTP");
	x->rq = rq;
	x->a = a;
	x->conn.deadline_ns = rq->deadline_ns;
	x->conn.waiting = rq->waiting;
	x->conn.ctx = rq->ctx;
	rc = exchange(x, u);
	free(x);
	return rc < 0 ? explain(u, rq, rc, e) : rc;
}

void http_answer_release(struct http_answer *a)
{
	buf_release(&a->body);
}

static int status_error(const struct http_url *u, struct http_answer *a,
			struct err *e)
{
	static const struct { int status, rc; } codes[] = {
		{ 401, -EACCES }, { 403, -EACCES }, { 404, -ENOENT },
	};
	const char *text = buf_str(&a->body);
	char name[100];
	int rc = -EPROTO;

	http_url_name(u, name, sizeof(name));
	if (a->status / 100 == 3)
		return err_say(e, -EOPNOTSUPP,
			       "%s: redirects to %.80s (not followed: give "
			       "that address)", name, a->location);
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i].status == a->status)
			rc = codes[i].rc;
	err_say(e, rc, "%s: HTTP %d: %.*s", name, a->status,
		(int)strcspn(text, "\r\n"), text);
	if (a->status == 401)
		err_way_out(e, "give its token: http://pgo:TOKEN@HOST:PORT/");
	return rc;
}

int http_fetch(const struct http_url *u, const struct http_request *rq,
	       struct http_answer *a, struct err *e)
{
	int rc = http_ask(u, rq, a, e);

	if (rc == 0 && a->status != 200)
		rc = status_error(u, a, e);
	return rc;
}
