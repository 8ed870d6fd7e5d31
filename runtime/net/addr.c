/*
 * Hosts and ports that are numbers are read here, so that they need nothing of
 * libc's resolver, which opens files and libraries; names are its.  It is
 * referred to weakly: a static program that wants names links it by
 * -Wl,-u,getaddrinfo, and ld warns nobody else.
 */
#include "runtime/net/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/text.h"

#pragma weak getaddrinfo
#pragma weak freeaddrinfo

enum { PORT_MAX = 65535 };

static const struct net nets[] = {
	{ "tcp", AF_UNSPEC, SOCK_STREAM },
	{ "tcp4", AF_INET, SOCK_STREAM },
	{ "tcp6", AF_INET6, SOCK_STREAM },
	{ "udp", AF_UNSPEC, SOCK_DGRAM },
	{ "udp4", AF_INET, SOCK_DGRAM },
	{ "udp6", AF_INET6, SOCK_DGRAM },
	{ "unix", AF_UNIX, SOCK_STREAM },
	{ "unixgram", AF_UNIX, SOCK_DGRAM },
	{ "unixpacket", AF_UNIX, SOCK_SEQPACKET },
};

static const struct net *find_net(const char *name)
{
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
		if (!strcmp(nets[i].name, name))
			return &nets[i];
	return NULL;
}

static void append(struct addrs *out, const void *addr, socklen_t bytes)
{
	if (out->count == ADDRS_MAX || bytes > sizeof(out->addr[0]))
		return;
	memcpy(&out->addr[out->count], addr, bytes);
	out->bytes[out->count++] = bytes;
}

static bool allows(const struct addrs *a, int family)
{
	return a->net->family == AF_UNSPEC || a->net->family == family;
}

static void append_in4(struct addrs *out, struct in_addr host, uint16_t port)
{
	struct sockaddr_in in4 = {
		.sin_family = AF_INET,
		.sin_addr = host,
		.sin_port = htons(port),
	};

	if (allows(out, AF_INET))
		append(out, &in4, sizeof(in4));
}

static void append_in6(struct addrs *out, struct in6_addr host, uint16_t port,
		       uint32_t scope)
{
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_addr = host,
		.sin6_port = htons(port),
		.sin6_scope_id = scope,
	};

	if (allows(out, AF_INET6))
		append(out, &in6, sizeof(in6));
}

/* Unix --------------------------------------------------------------------- */

static int find_unix(struct addrs *out, const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t n = strlen(path);

	if (!n || n >= sizeof(un.sun_path))
		return -EINVAL;
	memcpy(un.sun_path, path, n);
	/* A name in no folder: to the kernel it has no NUL behind it. */
	if (path[0] == '@')
		un.sun_path[0] = 0;
	else
		n++;
	append(out, &un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				     n));
	return 0;
}

/* Hosts and ports ---------------------------------------------------------- */

static int copy(char *to, size_t room, const char *from, size_t n)
{
	if (n >= room)
		return -EINVAL;
	memcpy(to, from, n);
	to[n] = 0;
	return 0;
}

/* HOST:PORT, [HOST]:PORT. */
static int split(struct place *out, const char *text)
{
	const char *colon = strrchr(text, ':');
	const char *end = colon;
	int rc;

	if (!colon)
		return -EINVAL;
	if (text[0] == '[') {
		text++;
		if (--end < text || *end != ']')
			return -EINVAL;
	} else if (memchr(text, ':', (size_t)(colon - text))) {
		return -EINVAL;
	}
	rc = copy(out->host, sizeof(out->host), text, (size_t)(end - text));
	if (!rc)
		rc = copy(out->port, sizeof(out->port), colon + 1,
			  strlen(colon + 1));
	return rc;
}

/* A number up to 65535, or -1. */
static long number(const char *text)
{
	char *end;
	long port;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	port = strtol(text, &end, 10);
	return *end || port > PORT_MAX ? -1 : port;
}

/* A number, and none of a port: getaddrinfo() would take it modulo 65536, and
 * with blanks before it. */
static bool is_no_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (isspace((unsigned char)text[0]))
		return true;
	return end != text && !*end && (port < 0 || port > PORT_MAX);
}

/* No host: all addresses to listen at, this machine to dial. */
static void find_any(struct addrs *out, uint16_t port, bool listen)
{
	struct in_addr loopback = { htonl(INADDR_LOOPBACK) };
	struct in_addr all = { htonl(INADDR_ANY) };

	if (listen) {
		/* At both versions, unless there is no 6. */
		append_in6(out, in6addr_any, port, 0);
		append_in4(out, all, port);
	} else {
		append_in4(out, loopback, port);
		append_in6(out, in6addr_loopback, port, 0);
	}
}

/* HOST%ZONE.  Whether it was one. */
static bool find_in6(struct addrs *out, char *host, uint16_t port)
{
	char *zone = strchr(host, '%');
	struct in6_addr in6;
	uint32_t scope = 0;
	bool is;

	if (zone) {
		*zone = 0;
		scope = if_nametoindex(zone + 1);
		if (!scope && number(zone + 1) > 0)
			scope = (uint32_t)number(zone + 1);
	}
	is = inet_pton(AF_INET6, host, &in6) == 1 && (!zone || scope);
	if (is)
		append_in6(out, in6, port, scope);
	if (zone)
		*zone = '%';
	return is;
}

static bool find_numeric(struct addrs *out, struct place *p, bool listen)
{
	long port = number(p->port);
	struct in_addr in4;

	if (port < 0)
		return false;
	if (!p->host[0])
		find_any(out, (uint16_t)port, listen);
	else if (inet_pton(AF_INET, p->host, &in4) == 1)
		append_in4(out, in4, (uint16_t)port);
	else
		return find_in6(out, p->host, (uint16_t)port);
	return true;
}

/* Names -------------------------------------------------------------------- */

static int from_eai(int rc)
{
	switch (rc) {
	case EAI_SYSTEM:
		return -errno;
	case EAI_MEMORY:
		return -ENOMEM;
	case EAI_AGAIN:
		return -EAGAIN;
	case EAI_SERVICE:
		return -EINVAL;
	default:
		return -ENOENT;
	}
}

/* Of FAMILY, AF_UNSPEC: any. */
static void append_found(struct addrs *out, const struct addrinfo *found,
			 int family)
{
	for (; found; found = found->ai_next)
		if (family == AF_UNSPEC || found->ai_family == family)
			append(out, found->ai_addr, found->ai_addrlen);
}

/* 0, or -EAFNOSUPPORT: there are some, of another version. */
static int are_some(const struct addrs *out)
{
	return out->count ? 0 : -EAFNOSUPPORT;
}

int addrs_look_up(struct addrs *out, const struct place *p, bool listen)
{
	struct addrinfo hints = {
		.ai_family = out->net->family,
		.ai_socktype = out->net->type,
		.ai_flags = listen ? AI_PASSIVE : 0,
	};
	struct addrinfo *found;
	int rc;

	if (!getaddrinfo)
		return -ENOSYS;
	rc = getaddrinfo(p->host[0] ? p->host : NULL, p->port, &hints, &found);
	if (rc)
		return from_eai(rc);
	/* "localhost" is 127.0.0.1 to most who listen there. */
	if (listen)
		append_found(out, found, AF_INET);
	append_found(out, found, listen ? AF_INET6 : AF_UNSPEC);
	freeaddrinfo(found);
	return are_some(out);
}

int addrs_read(struct addrs *out, struct place *p, const char *net,
	       const char *text, bool listen)
{
	int rc;

	out->count = 0;
	out->net = find_net(net);
	if (!out->net)
		return -EINVAL;
	if (out->net->family == AF_UNIX)
		return find_unix(out, text);
	rc = split(p, text);
	if (rc || is_no_port(p->port))
		return -EINVAL;
	return find_numeric(out, p, listen) ? are_some(out) : ADDRS_NAME;
}

/* Text --------------------------------------------------------------------- */

static void put_host(const struct text_sink *t, const union addr *a)
{
	char host[INET6_ADDRSTRLEN];

	if (a->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a->in4.sin_addr, host, sizeof(host));
		text_put(t, host);
		return;
	}
	inet_ntop(AF_INET6, &a->in6.sin6_addr, host, sizeof(host));
	text_put(t, "[");
	text_put(t, host);
	if (a->in6.sin6_scope_id) {
		text_put(t, "%");
		text_uint(t, a->in6.sin6_scope_id);
	}
	text_put(t, "]");
}

static void put_path(const struct text_sink *t, const union addr *a,
		     socklen_t bytes)
{
	size_t n = bytes - offsetof(struct sockaddr_un, sun_path);
	const char *path = a->un.sun_path;

	if (bytes <= offsetof(struct sockaddr_un, sun_path))
		return;
	if (path[0]) {
		t->put(t->ctx, path, strnlen(path, n));
		return;
	}
	text_put(t, "@");
	t->put(t->ctx, path + 1, n - 1);
}

int addr_text(const union addr *a, socklen_t bytes, char *buf, size_t room)
{
	struct text_room r = { .p = buf, .bytes = room ? room - 1 : 0 };
	struct text_sink t = { text_room_put, &r };

	if (a->any.sa_family == AF_UNIX) {
		put_path(&t, a, bytes);
	} else {
		put_host(&t, a);
		text_put(&t, ":");
		text_uint(&t, ntohs(a->any.sa_family == AF_INET ?
				    a->in4.sin_port : a->in6.sin6_port));
	}
	if (room)
		buf[r.len < room ? r.len : room - 1] = 0;
	return (int)r.len;
}
