/* Answers and parameters. */
#include "lib/serve/http.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fail(struct http_reply *r, unsigned int status, const char *fmt,
		 va_list ap)
{
	buf_reset(&r->body);
	r->status = status;
	r->type = NULL;
	r->filename[0] = 0;
	buf_vprintf(&r->body, fmt, ap);
	buf_put_u8(&r->body, '\n');
}

void http_error(struct http_reply *r, unsigned int status, const char *fmt,
		...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(r, status, fmt, ap);
	va_end(ap);
}

void http_pprof_error(struct http_reply *r, unsigned int status,
		      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(r, status, fmt, ap);
	va_end(ap);
	r->go_pprof = true;
}

void http_attachment(struct http_reply *r, const char *name,
		     const char *suffix)
{
	r->type = HTTP_BYTES;
	snprintf(r->filename, sizeof(r->filename), "%s%s", name, suffix);
}

void http_settle(struct http_reply *r)
{
	int rc = buf_error(&r->body);

	if (!rc)
		return;
	buf_release(&r->body);
	if (rc == -EFBIG)
		http_error(r, 500, "answer too large (ask for less: offset=, "
			   "limit=)");
	else
		http_error(r, 500, "answer: %s", strerror(-rc));
}

/* Parameters --------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes [S, END) to OUT; false when an escape is broken or OUT is full. */
static bool decode(const char *s, const char *end, char *out, size_t bytes)
{
	size_t n = 0;

	for (; s < end; s++) {
		char c = *s == '+' ? ' ' : *s;

		if (*s == '%') {
			int high = end - s > 2 ? hex_digit(s[1]) : -1;
			int low = end - s > 2 ? hex_digit(s[2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			s += 2;
		}
		if (n + 1 >= bytes)
			return false;
		out[n++] = c;
	}
	out[n] = 0;
	return true;
}

bool http_query(const char *query, const char *name, char *out, size_t bytes)
{
	const char *at = query;
	char key[64];

	while (*at) {
		const char *end = at + strcspn(at, "&");
		const char *eq = memchr(at, '=', (size_t)(end - at));
		const char *key_end = eq ? eq : end;

		if (!memchr(at, ';', (size_t)(end - at)) &&
		    decode(at, key_end, key, sizeof(key)) &&
		    !strcmp(key, name) &&
		    decode(eq ? eq + 1 : end, end, out, bytes))
			return true;
		at = *end ? end + 1 : end;
	}
	out[0] = 0;
	return false;
}

/* All of S as a number: strtoll() would pass over blanks. */
static int number(const char *s, int64_t *out)
{
	bool minus = *s == '-';
	uint64_t max = (uint64_t)INT64_MAX + minus;
	uint64_t v = 0;

	s += *s == '-' || *s == '+';
	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)(*s - '0');

		if (digit > 9 || v > (max - digit) / 10)
			return -EINVAL;
		v = v * 10 + digit;
	}
	*out = minus ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int http_query_int(const char *query, const char *name, int64_t *out)
{
	char text[32];
	size_t n = strlen(name);

	if (http_query(query, name, text, sizeof(text)) && text[0])
		return number(text, out);
	/* Too long for any number is no number. */
	for (const char *at = query; *at; at += !!*at) {
		if (!strncmp(at, name, n) && at[n] == '=' && at[n + 1] &&
		    strcspn(at, "&") >= n + sizeof(text))
			return -EINVAL;
		at += strcspn(at, "&");
	}
	return -ENOENT;
}
