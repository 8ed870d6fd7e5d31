/*
 * The other sides of an echo server, in plain C.
 *
 *   echo_peer serve              a bare epoll loop: what a server must cost
 *   echo_peer load PORT CONNS    connects so many to 127.0.0.1:PORT, prints
 *                                "ready"; for each number read from stdin that
 *                                many requests of 64 bytes in all, each
 *                                connection its next when it has its answer,
 *                                then "done"
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 128, REQUEST = 64, ROOM = 512 };

static void die(const char *what)
{
	fprintf(stderr, "echo_peer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void set_no_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void watch(int epoll, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev))
		die("epoll_ctl");
}

/* A bare loop -------------------------------------------------------------- */

static void answer(int fd)
{
	char buf[ROOM];
	ssize_t n = recv(fd, buf, sizeof(buf), 0);

	if (n <= 0 || send(fd, buf, (size_t)n, MSG_NOSIGNAL) != n)
		close(fd);
}

static void take_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		set_no_delay(fd);
		watch(epoll, fd);
	}
}

static int serve(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int epoll = epoll_create1(0);
	socklen_t bytes = sizeof(addr);
	struct epoll_event ev[EVENTS];

	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    listen(listener, SOMAXCONN) ||
	    getsockname(listener, (struct sockaddr *)&addr, &bytes))
		die("listen");
	printf("127.0.0.1:%d\n", ntohs(addr.sin_port));
	fflush(stdout);
	watch(epoll, listener);
	watch(epoll, STDIN_FILENO);
	for (;;) {
		int n = epoll_wait(epoll, ev, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (ev[i].data.fd == listener)
				take_all(epoll, listener);
			else if (ev[i].data.fd == STDIN_FILENO)
				return 0;
			else
				answer(ev[i].data.fd);
		}
	}
}

/* The load ----------------------------------------------------------------- */

static int connect_one(int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port),
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
		die("connect");
	set_no_delay(fd);
	return fd;
}

static void ask(int fd)
{
	static const char request[REQUEST];

	if (send(fd, request, sizeof(request), MSG_NOSIGNAL) != REQUEST)
		die("send");
}

static void run(int epoll, const int *fd, long conns, long requests)
{
	struct epoll_event ev[EVENTS];
	long asked = 0, answered = 0;
	char buf[ROOM];

	while (asked < conns && asked < requests)
		ask(fd[asked++]);
	while (answered < requests) {
		int n = epoll_wait(epoll, ev, EVENTS, -1);

		for (int i = 0; i < n; i++) {
			if (recv(ev[i].data.fd, buf, sizeof(buf), 0) !=
			    REQUEST)
				die("recv");
			answered++;
			if (asked < requests) {
				ask(ev[i].data.fd);
				asked++;
			}
		}
	}
}

static int load(int port, long conns)
{
	int epoll = epoll_create1(0);
	int *fd = calloc((size_t)conns, sizeof(*fd));
	char line[32];

	for (long i = 0; i < conns; i++) {
		fd[i] = connect_one(port);
		watch(epoll, fd[i]);
	}
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		run(epoll, fd, conns, atol(line));
		puts("done");
		fflush(stdout);
	}
	free(fd);
	return 0;
}

int main(int argc, char **argv)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return serve();
	if (argc == 4 && !strcmp(argv[1], "load") && atol(argv[3]) > 0)
		return load(atoi(argv[2]), atol(argv[3]));
	fputs("usage: echo_peer serve | load PORT CONNS\n", stderr);
	return 2;
}
