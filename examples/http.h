/* The least of HTTP that examples/server needs: a port, and request heads. */
#ifndef EXAMPLES_HTTP_H
#define EXAMPLES_HTTP_H

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { HEAD_BYTES = 4096, IDLE_S = 30 };

/* Listens on localhost at *PORT; 0 becomes the one that was free.  The file
 * descriptor, or -1 and errno. */
static int http_listen(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	at.sin_port = htons((uint16_t)*port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&at, len) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		return -1;
	*port = ntohs(at.sin_port);
	return fd;
}

/* The next connection, hung up on when it is silent for IDLE_S; or -1 and
 * errno. */
static int http_accept(int listener)
{
	struct timeval idle = { .tv_sec = IDLE_S };
	int fd = accept(listener, NULL, NULL);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
	return fd;
}

/*
 * Reads on until BUF (HEAD_BYTES + 1 of them, a string) begins with a whole
 * head, and ends it there.  What follows it in BUF; NULL when no head comes or
 * it is too long.
 */
static char *http_read_head(int fd, char *buf)
{
	size_t have = strlen(buf);
	char *end;
	ssize_t n;

	while (!(end = strstr(buf, "\r\n\r\n"))) {
		n = read(fd, buf + have, HEAD_BYTES - have);
		if (n <= 0)
			return NULL;
		have += (size_t)n;
		buf[have] = '\0';
	}
	end[2] = '\0';
	return end + 4;
}

#endif
