/*
 * What goes over the network: between two ends that are there, and to a
 * listener that takes whoever comes.
 */
#include "test/stress/talks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "test/matrix/kinds.h"

enum { SOCKETS = 64 };          /* at a time, for descriptors are few */

static struct pgo_sema sockets = PGO_SEMA(SOCKETS);

static void echo(void *arg)
{
	struct pgo_conn *c = arg;
	char buf[64];
	ssize_t n;

	while ((n = pgo_read(c, buf, sizeof(buf))) > 0)
		if (pgo_write(c, buf, (size_t)n) != n)
			break;
	pgo_close(c);
	pgo_sema_release(&sockets);
}

/* Asks a few times; in between it lets a deadline pass, or not quite. */
static bool ask(struct pgo_conn *c, uint64_t seed)
{
	for (uint32_t i = draw(&seed) % 4; i; i--) {
		uint64_t word = draw(&seed), answer = 0;
		bool late = word % 4 == 0;

		if (late) {
			pgo_conn_timeout(c, PGO_READ, word % 50000);
			if (pgo_read(c, &answer, 8) != -ETIMEDOUT)
				return false;
		}
		pgo_conn_timeout(c, PGO_READ, late ? -1 : 60000000000);
		if (pgo_write(c, &word, 8) != 8 ||
		    pgo_read(c, &answer, 8) != 8 || answer != word)
			return false;
	}
	return true;
}

bool talk_over_a_socket(uint64_t seed)
{
	struct pgo_conn *end[2];
	bool right;
	int fd[2];

	pgo_sema_acquire(&sockets);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) ||
	    pgo_conn_adopt(&end[0], fd[0]) || pgo_conn_adopt(&end[1], fd[1]))
		return false;
	pgo_go(echo, end[1]);
	right = ask(end[0], seed);
	pgo_close(end[0]);
	return right;
}

/* A listener --------------------------------------------------------------- */

static char address[64];

static void serve(void *arg)
{
	struct pgo_conn *listener = arg;
	struct pgo_conn *c;

	while (!pgo_accept(&c, listener))
		pgo_go(echo, c);
	abort();
}

/* Not TCP: a thousand connections a second would use up its ports. */
void talks_net_begin(void)
{
	struct pgo_conn *listener;

	snprintf(address, sizeof(address), "@pgo-hammer-%d", (int)getpid());
	if (pgo_listen(&listener, "unix", address) ||
	    pgo_go(serve, listener) < 0)
		abort();
}

bool talk_over_a_connection(uint64_t seed)
{
	struct pgo_conn *c;
	bool right;

	pgo_sema_acquire(&sockets);
	if (pgo_dial(&c, "unix", address, 0))
		return false;
	right = ask(c, seed);
	pgo_close(c);
	return right;
}

void talks_net_end(void)
{
	for (int i = 0; i < SOCKETS; i++)
		pgo_sema_acquire(&sockets);
	for (int i = 0; i < SOCKETS; i++)
		pgo_sema_release(&sockets);
}
