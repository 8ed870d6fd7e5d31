/*
 * Addresses.  What would break a request line apart (spaces, control
 * characters) is refused here, once.
 */
#include "lib/wire/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"

/* Copies N bytes as a string.  False when they do not fit. */
static bool copy(char *out, size_t bytes, const char *s, size_t n)
{
	if (n >= bytes)
		return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	return true;
}

static bool is_port(const char *s, size_t n)
{
	unsigned int v = 0;

	if (n < 1 || n > 5)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (unsigned int)(s[i] - '0');
	}
	return v > 0 && v <= 65535;
}

/* HOST:PORT, [V6]:PORT or, with a DEFAULT port, HOST, in N bytes. */
static bool split_host(struct http_url *u, const char *s, size_t n,
		       const char *port)
{
	const char *end = s + n, *colon, *host_end;

	if (n && *s == '[') {
		host_end = memchr(s, ']', n);
		if (!host_end)
			return false;
		colon = host_end + 1;
		s++;
	} else {
		colon = memrchr(s, ':', n);
		if (!colon)
			colon = end;
		host_end = colon;
		if (memchr(s, ':', (size_t)(host_end - s)))
			return false;
	}
	if (colon == end && !port)
		return false;
	if (colon < end) {
		if (*colon != ':' ||
		    !is_port(colon + 1, (size_t)(end - colon - 1)))
			return false;
		copy(u->port, sizeof(u->port), colon + 1,
		     (size_t)(end - colon - 1));
	} else {
		copy(u->port, sizeof(u->port), port, strlen(port));
	}
	if (host_end == s)
		return copy(u->host, sizeof(u->host), "localhost", 9);
	return copy(u->host, sizeof(u->host), s, (size_t)(host_end - s));
}

/* Reads "100%25" as "100%".  In place. */
static bool unescape(char *s)
{
	char *out = s, digits[3] = "";
	unsigned int v;
	int n;

	for (; *s; s++) {
		if (*s == '%') {
			copy(digits, sizeof(digits), s + 1, strnlen(s + 1, 2));
			if (sscanf(digits, "%2x%n", &v, &n) != 1 || n != 2 ||
			    v == 0)
				return false;
			*out++ = (char)v;
			s += 2;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
	return true;
}

static bool split(struct http_url *u, const char *s, const char *port)
{
	size_t n = strcspn(s, "/?#");
	const char *path = s + n, *at = memrchr(s, '@', n);

	if (at) {
		if (!copy(u->user, sizeof(u->user), s, (size_t)(at - s)) ||
		    !unescape(u->user))
			return false;
		n -= (size_t)(at + 1 - s);
		s = at + 1;
	}
	if (!split_host(u, s, n, port))
		return false;
	u->path[0] = '/';
	return copy(u->path + (*path != '/'),
		    sizeof(u->path) - (*path != '/'), path,
		    strcspn(path, "#"));
}

static int parse_unix(struct http_url *u, const char *path, struct err *e)
{
	if (!*path || !copy(u->socket, sizeof(u->socket), path, strlen(path)))
		return err_say(e, -EINVAL, "unix:%.80s: no socket path", path);
	u->is_unix = true;
	strcpy(u->path, "/");
	return 0;
}

int http_url_parse(struct http_url *u, const char *text, struct err *e)
{
	const char *scheme_end = strstr(text, "://");
	const char *rest = scheme_end ? scheme_end + 3 : text;

	memset(u, 0, sizeof(*u));
	if (!strncmp(text, "unix:", 5))
		return parse_unix(u, text + 5, e);
	if (!strncasecmp(text, "https://", 8))
		return err_say(e, -EPROTONOSUPPORT,
			       "%.100s: https is not spoken yet (use http or "
			       "a unix socket, by ssh -L if need be)", text);
	if (scheme_end && strncasecmp(text, "http://", 7))
		return err_say(e, -EPROTONOSUPPORT,
			       "%.100s: unknown scheme (http:// or unix:)",
			       text);
	if (!is_plain(text) || !split(u, rest, scheme_end ? "80" : NULL))
		return err_say(e, -EINVAL, "%.100s: no address (http://HOST:"
			       "PORT/, HOST:PORT or unix:PATH)", text);
	return 0;
}

void http_url_name(const struct http_url *u, char *out, size_t bytes)
{
	if (u->is_unix)
		snprintf(out, bytes, "unix:%s", u->socket);
	else
		snprintf(out, bytes, strchr(u->host, ':') ? "[%s]:%s" : "%s:%s",
			 u->host, u->port);
}
