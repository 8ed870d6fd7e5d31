/*
 * TCP, and which of both.
 *
 * A name may have several addresses (localhost has two): the first, IPv4
 * before IPv6, must be free; others are taken when they are.
 */
#include "lib/httpd/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/httpd/listen_unix.h"

enum { BACKLOG = 64, HOST_MAX = 255 };

static bool is_loopback(const struct sockaddr *sa)
{
	const struct sockaddr_in *v4 = (const void *)sa;
	const struct sockaddr_in6 *v6 = (const void *)sa;

	if (sa->sa_family == AF_INET)
		return ntohl(v4->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

static int make_socket(const struct addrinfo *ai)
{
	const int on = 1;
	int fd = socket(ai->ai_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (ai->ai_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, BACKLOG))
		rc = -errno;
	if (rc)
		close(fd);
	return rc ? rc : fd;
}

/* What it is in the end: port 0 has become another. */
static void put_address(struct listener *l, const char *host)
{
	struct sockaddr_storage sa;
	socklen_t bytes = sizeof(sa);
	char port[32];

	if (getsockname(l->fds[0], (struct sockaddr *)&sa, &bytes) ||
	    getnameinfo((struct sockaddr *)&sa, bytes, NULL, 0, port,
			sizeof(port), NI_NUMERICSERV))
		return;
	snprintf(l->address, sizeof(l->address),
		 strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* Those of LIST that are of FAMILY. */
static int open_family(struct listener *l, const struct addrinfo *list,
		       int family, const char *address, bool anywhere,
		       struct err *e)
{
	for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) {
		int fd;

		if (ai->ai_family != family || l->n == LISTEN_FDS_MAX)
			continue;
		if (!anywhere && !is_loopback(ai->ai_addr))
			return err_say(e, -EPERM, "%s: not only of this "
				       "machine, so a token is wanted "
				       "(PGO_AGENT_TOKEN_FILE=FILE)", address);
		fd = make_socket(ai);
		if (fd >= 0) {
			l->fds[l->n++] = fd;
			continue;
		}
		if (l->n)
			continue;
		err_set(e, fd, "%s", address);
		return err_way_out(e, "another port");
	}
	return 0;
}

static int open_all(struct listener *l, const char *host, const char *port,
		    const char *address, bool anywhere, struct err *e)
{
	/* A NULL host is this machine, or any address of it when passive: no
	 * lookup, nor any file for one. */
	bool local = !strcmp(host, "localhost");
	const struct addrinfo hints = {
		.ai_flags = local ? 0 : AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list;
	int rc = getaddrinfo(host[0] && !local ? host : NULL, port, &hints,
			     &list);

	if (rc)
		return err_say(e, -EINVAL, "%s: %s (unix, unix:PATH or "
			       "HOST:PORT)", address, gai_strerror(rc));
	rc = open_family(l, list, AF_INET, address, anywhere, e);
	/* Another port for IPv6 would be an address of its own. */
	if (!rc && !(l->n && !strcmp(port, "0")))
		rc = open_family(l, list, AF_INET6, address, anywhere, e);
	freeaddrinfo(list);
	return rc;
}

static int listen_tcp(struct listener *l, const char *address, bool anywhere,
		      struct err *e)
{
	const char *colon = strrchr(address, ':');
	char host[HOST_MAX + 1];
	size_t n = colon ? (size_t)(colon - address) : 0;
	int rc;

	if (!colon || n > HOST_MAX || !colon[1] ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1) ||
	    strlen(colon + 1) > 5)
		return err_say(e, -EINVAL, "%s: no address (unix, unix:PATH "
			       "or HOST:PORT)", address);
	if (n > 1 && address[0] == '[' && colon[-1] == ']') {
		address++;
		n -= 2;
	}
	memcpy(host, address, n);
	host[n] = 0;
	l->tcp = true;
	rc = open_all(l, host, colon + 1, address, anywhere, e);
	if (!rc && !l->n)
		rc = err_set(e, -EADDRNOTAVAIL, "%s", address);
	if (!rc)
		put_address(l, host);
	return rc;
}

int listen_open(struct listener *l, const char *address, bool anywhere,
		struct err *e)
{
	int rc;

	memset(l, 0, sizeof(*l));
	if (!strcmp(address, "unix"))
		rc = listen_unix(l, "", e);
	else if (!strncmp(address, "unix:", 5) && address[5])
		rc = listen_unix(l, address + 5, e);
	else
		rc = listen_tcp(l, address, anywhere, e);
	if (rc)
		listen_close(l);
	return rc;
}

void listen_close(struct listener *l)
{
	for (int i = 0; i < l->n; i++)
		close(l->fds[i]);
	if (l->path[0])
		unlink(l->path);
	memset(l, 0, sizeof(*l));
}
