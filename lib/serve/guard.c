/*
 * The token is compared in constant time and read once: changing the file
 * takes a new start.  Unix sockets need none, their folder is 0700.
 */
#include "lib/serve/guard.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"

enum { TOKEN_FILE_MAX = 4096, HOST_MAX = 255 };

int guard_read_token(struct guard *g, const char *path, struct err *e)
{
	struct buf b = { 0 };
	struct stat st;
	size_t n;
	int rc = fd_slurp(path, &b, TOKEN_FILE_MAX, e);

	if (rc)
		goto out;
	n = strcspn(buf_str(&b), "\r\n");
	if (stat(path, &st) == 0 && (st.st_mode & 077))
		rc = err_say(e, -EPERM, "%s: others may read the token "
			     "(chmod 600)", path);
	else if (n < GUARD_TOKEN_MIN || n > GUARD_TOKEN_MAX)
		rc = err_say(e, -EINVAL, "%s: its first line is no token "
			     "(%d to %d characters)", path, GUARD_TOKEN_MIN,
			     GUARD_TOKEN_MAX);
	if (rc)
		goto out;
	memcpy(g->token, b.data, n);
	g->token[n] = 0;
out:
	buf_release(&b);
	return rc;
}

/* Time depends on what was given only. */
static bool same(const char *given, size_t n, const char *token)
{
	size_t len = strlen(token);
	unsigned int diff = n != len;

	for (size_t i = 0; i < n; i++)
		diff |= (unsigned char)given[i] ^
			(unsigned char)token[i < len ? i : len];
	return !diff;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Bytes of what S holds, -1 when it is no base64 or has no room. */
static int base64_decode(const char *s, char *out, size_t bytes)
{
	uint32_t bits = 0;
	int have = 0;
	size_t n = 0;

	for (; *s && *s != '='; s++) {
		int digit = base64_digit(*s);

		if (digit < 0 || n >= bytes)
			return -1;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (char)(bits >> have);
		}
	}
	return (int)n;
}

static bool has_token(const char *token, const char *authorization)
{
	char basic[GUARD_TOKEN_MAX + 256];
	const char *colon;
	int n;

	if (!authorization)
		return false;
	if (!strncasecmp(authorization, "Bearer ", 7))
		return same(authorization + 7, strlen(authorization + 7),
			    token);
	if (strncasecmp(authorization, "Basic ", 6))
		return false;
	n = base64_decode(authorization + 6, basic, sizeof(basic));
	colon = n > 0 ? memchr(basic, ':', (size_t)n) : NULL;
	return colon && same(colon + 1, (size_t)(basic + n - colon - 1), token);
}

/* Is NAME, of N bytes, in the LIST with commas? */
static bool is_listed(const char *list, const char *name, size_t n)
{
	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (len == n && !strncasecmp(list, name, n))
			return true;
		list += len + (list[len] == ',');
	}
	return false;
}

/* 127.x.y.z; a name like 127.0.0.1.example.org is none. */
static bool is_loopback4(const char *s, size_t n)
{
	return n > 4 && n <= 15 && !memcmp(s, "127.", 4) &&
	       strspn(s, "0123456789.") >= n;
}

static bool host_is_fine(const struct guard *g, const char *host)
{
	size_t n = strcspn(host, ":");

	if (host[0] == '[')
		n = strcspn(host, "]") + 1;
	if (n > HOST_MAX || n > strlen(host))
		return false;
	return is_listed("localhost,[::1]", host, n) || is_loopback4(host, n) ||
	       is_listed(g->hosts, host, n);
}

bool guard_admits(const struct guard *g, const struct http_request *rq,
		  struct http_reply *rp)
{
	if (!rq->tcp)
		return true;
	if (rq->host && !host_is_fine(g, rq->host)) {
		http_error(rp, 403, "this Host is not allowed "
			   "(PGO_AGENT_HOSTS=NAME[,NAME...])");
		return false;
	}
	if (g->token[0] && !has_token(g->token, rq->authorization)) {
		http_error(rp, 401, "token wanted (Authorization: Bearer "
			   "TOKEN, or it as the password of Basic)");
		rp->authenticate = "Basic realm=\"pgo\"";
		return false;
	}
	return true;
}
