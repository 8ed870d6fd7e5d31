/*
 * server - an HTTP service that burns CPU where it says: 60 % below
 * slow_stack_operation, 20 % in parse, 20 % in render, by counted work.
 *
 * usage: server [-p PORT]    8080; 0: any free one
 *
 * A connection that waits in read() holds a thread, so 64 of them at most.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "http.h"
#include "work.h"

enum { CONNECTIONS = 64 };

static struct pgo_chan *slots;  /* an element in it for every connection */

/* Has one request answered by a goroutine of its own; -1 ends the talk. */
static int handle_request(int fd, struct request *r)
{
	pgo_waitgroup_add(&r->answered, 1);
	if (pgo_go(answer, r) < 0)
		return -1;
	pgo_waitgroup_wait(&r->answered);
	if (write(fd, r->reply, r->reply_bytes) != (ssize_t)r->reply_bytes)
		return -1;
	return r->keep ? 0 : -1;
}

static void handle_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char buf[HEAD_BYTES + 1] = "", *next;
	struct request r = { .head = buf };

	while ((next = http_read_head(fd, buf)) && !handle_request(fd, &r))
		memmove(buf, next, strlen(next) + 1);
	close(fd);
	pgo_chan_recv(slots, NULL);
}

static void serve(void *arg)
{
	int fd, listener = *(int *)arg;

	slots = pgo_chan_make(1, CONNECTIONS);
	for (;;) {
		pgo_chan_send(slots, "");
		fd = http_accept(listener);
		if (fd < 0 || pgo_go(handle_connection,
				     (void *)(intptr_t)fd) < 0) {
			perror("server: connection");
			close(fd);
			pgo_chan_recv(slots, NULL);
			pgo_sleep(10000000);
		}
	}
}

/* exit() writes a CPU profile; the other signal must not come in between. */
static void finish(int sig)
{
	signal(SIGINT + SIGTERM - sig, SIG_IGN);
	exit(0);
}

int main(int argc, char **argv)
{
	int with_port = argc == 3 && !strcmp(argv[1], "-p");
	int help = argc == 2 && !strcmp(argv[1], "--help");
	char *end = NULL;
	int fd, rc, port = with_port ? (int)strtol(argv[2], &end, 10) : 8080;

	if ((argc > 1 && !with_port) || (end && *end) || (port >> 16)) {
		fprintf(help ? stdout : stderr,
			"usage: server [-p PORT]    8080; 0: any free one\n");
		return help ? 0 : 2;
	}
	fd = http_listen(&port);
	if (fd < 0) {
		fprintf(stderr, "server: port %d: %m (-p ANOTHER)\n", port);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, finish);
	signal(SIGTERM, finish);
	printf("server: http://localhost:%d/\n", port);
	fflush(stdout);
	rc = pgo_run(serve, &fd);
	fprintf(stderr, "server: pgo_run: %s\n", strerror(-rc));
	return 1;
}
