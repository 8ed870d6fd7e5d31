/* Connections over loopback: what is read is what was written; closing,
 * deadlines, halves, turns. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/view.h"
#include "test/unit/pgo/goroutine.h"

#define MS_NS INT64_C(1000000)

enum { CLIENTS = 50, ROUNDS = 50, BIG = 4 << 20, WRITERS = 8, RECORD = 70000 };

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* Results of one test, which the main thread looks at. */
struct trip {
	const char *net, *addr;
	struct pgo_conn *listener, *c;
	char bound[128];
	struct pgo_waitgroup wg;
	_Atomic int wrong, served;
	_Atomic ssize_t rc[9];
	int64_t took_ns;
};

static void echo(void *arg)
{
	struct pgo_conn *c = arg;
	char buf[4096];
	ssize_t n;

	while ((n = pgo_read(c, buf, sizeof(buf))) > 0)
		if (pgo_write(c, buf, (size_t)n) != n)
			break;
	pgo_close(c);
}

static void echo_server(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *c;
	int rc;

	while (!(rc = pgo_accept(&c, t->listener))) {
		t->served++;
		pgo_go(echo, c);
	}
	t->rc[5] = rc;
	pgo_conn_put(t->listener);
	pgo_waitgroup_done(&t->wg);
}

/* False: it could not listen; rc[0] says why. */
static bool begin_server(struct trip *t)
{
	t->rc[0] = pgo_listen(&t->listener, t->net, t->addr);
	if (t->rc[0])
		return false;
	pgo_conn_local(t->listener, t->bound, sizeof(t->bound));
	pgo_conn_get(t->listener);
	pgo_waitgroup_add(&t->wg, 1);
	pgo_go(echo_server, t);
	return true;
}

static void end_server(struct trip *t)
{
	pgo_close(t->listener);
	pgo_waitgroup_wait(&t->wg);
}

static bool read_all(struct pgo_conn *c, char *buf, size_t n)
{
	while (n) {
		ssize_t got = pgo_read(c, buf, n);

		if (got <= 0)
			return false;
		buf += got;
		n -= (size_t)got;
	}
	return true;
}

static void one_client(void *arg)
{
	struct trip *t = arg;
	char buf[64], back[64];
	struct pgo_conn *c;

	if (pgo_dial(&c, t->net, t->bound, 0)) {
		t->wrong++;
		pgo_waitgroup_done(&t->wg);
		return;
	}
	for (int i = 0; i < ROUNDS; i++) {
		size_t n = (size_t)snprintf(buf, sizeof(buf), "%p %d", arg, i);

		t->wrong += pgo_write(c, buf, n) != (ssize_t)n ||
			    !read_all(c, back, n) || memcmp(buf, back, n) != 0;
	}
	pgo_close(c);
	pgo_waitgroup_done(&t->wg);
}

static void many_clients(void *arg)
{
	struct trip *t = arg;
	struct pgo_waitgroup *wg = &t->wg;

	if (!begin_server(t))
		return;
	/* The server's own count stays. */
	pgo_waitgroup_add(wg, CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		pgo_go(one_client, t);
	for (int i = 0; i < 3000 && t->served < CLIENTS; i++)
		pgo_sleep(MS_NS);
	end_server(t);
}

/* For each answer somebody had to wait. */
static void those_who_were_woken_are_counted(void **state)
{
	struct trip t = { .net = "tcp", .addr = "127.0.0.1:0" };
	uint64_t before = pgo_view_1.netpoll_wakes(), woken;

	(void)state;
	on_goroutine(many_clients, &t);
	woken = pgo_view_1.netpoll_wakes() - before;
	assert_int_equal(t.wrong, 0);
	assert_true(woken >= CLIENTS);
	assert_true(woken <= 4 * CLIENTS * (ROUNDS + 2));
}

static void check_echo(const char *net, const char *addr)
{
	struct trip t = { .net = net, .addr = addr };

	on_goroutine(many_clients, &t);
	if (t.rc[0] == -EAFNOSUPPORT || t.rc[0] == -EADDRNOTAVAIL)
		skip();
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(t.served, CLIENTS);
	assert_int_equal(t.rc[5], -EBADF);
}

static void tcp_brings_back_what_was_sent(void **state)
{
	(void)state;
	check_echo("tcp", "127.0.0.1:0");
	check_echo("tcp4", ":0");
}

static void names_are_looked_up(void **state)
{
	(void)state;
	check_echo("tcp", "localhost:0");
}

static void tcp_of_version_6(void **state)
{
	(void)state;
	check_echo("tcp6", "[::1]:0");
}

static void unix_streams_bring_it_back_too(void **state)
{
	char path[64], name[64];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/pgo-net-%d.sock", (int)getpid());
	snprintf(name, sizeof(name), "@pgo-net-%d", (int)getpid());
	check_echo("unix", path);
	/* Closing has removed it. */
	assert_int_equal(stat(path, &st), -1);
	check_echo("unix", name);
	check_echo("unixpacket", name);
}

/* Closing ------------------------------------------------------------------ */

static void read_and_tell(void *arg)
{
	struct trip *t = arg;
	char byte;

	t->rc[1] = pgo_read(t->c, &byte, 1);
	pgo_waitgroup_done(&t->wg);
}

static void read_and_count(void *arg)
{
	struct trip *t = arg;
	char byte;

	t->served += pgo_read(t->c, &byte, 1) == -EBADF;
	pgo_waitgroup_done(&t->wg);
}

static void write_and_tell(void *arg)
{
	struct trip *t = arg;
	static char much[BIG];

	do
		t->rc[2] = pgo_write(t->c, much, sizeof(much));
	while (t->rc[2] > 0);
	pgo_waitgroup_done(&t->wg);
}

static void accept_and_tell(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *c;

	t->rc[3] = pgo_accept(&c, t->listener);
	pgo_waitgroup_done(&t->wg);
}

/* Two connected ones: T->C, and *PEER. */
static void connect_pair(struct trip *t, struct pgo_conn **peer)
{
	t->rc[0] = pgo_listen(&t->listener, "tcp", "127.0.0.1:0");
	pgo_conn_local(t->listener, t->bound, sizeof(t->bound));
	t->rc[0] |= pgo_dial(&t->c, "tcp", t->bound, 0);
	t->rc[0] |= pgo_accept(peer, t->listener);
}

static void close_under_all(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *peer;

	connect_pair(t, &peer);
	pgo_conn_get(t->c);
	pgo_conn_get(t->listener);
	pgo_waitgroup_add(&t->wg, 3);
	pgo_go(read_and_tell, t);
	pgo_go(write_and_tell, t);
	pgo_go(accept_and_tell, t);
	pgo_sleep(20 * MS_NS);
	pgo_close(t->c);
	pgo_close(t->listener);
	pgo_waitgroup_wait(&t->wg);
	t->rc[4] = pgo_read(t->c, &t->bound, 1);
	t->rc[5] = pgo_conn_fd(t->c);
	pgo_conn_put(t->c);
	pgo_close(t->listener);
	pgo_close(peer);
}

static void closing_wakes_who_waits(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(close_under_all, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[1], -EBADF);
	assert_int_equal(t.rc[2], -EBADF);
	assert_int_equal(t.rc[3], -EBADF);
	assert_int_equal(t.rc[4], -EBADF);
	assert_int_equal(t.rc[5], -EBADF);
}

/* Three that wait, two of them for their turn, with no share of their own; then
 * another connection, which has that memory if nobody else does. */
static void close_under_readers(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *next;
	int fd[2], other[2];
	char byte = 0;

	t->rc[0] = socketpair(AF_UNIX, SOCK_STREAM, 0, fd) ||
		   socketpair(AF_UNIX, SOCK_STREAM, 0, other) ||
		   pgo_conn_adopt(&t->c, fd[0]);
	pgo_waitgroup_add(&t->wg, 3);
	for (int i = 0; i < 3; i++)
		pgo_go(read_and_count, t);
	pgo_sleep(5 * MS_NS);
	pgo_close(t->c);
	t->rc[0] |= pgo_conn_adopt(&next, other[0]);
	t->rc[1] = write(other[1], "xyz", 3);
	pgo_waitgroup_wait(&t->wg);
	t->rc[2] = pgo_read(next, &byte, 1);
	t->rc[3] = byte;
	t->rc[4] = read(fd[1], &byte, 1);
	pgo_close(next);
	close(fd[1]);
	close(other[1]);
}

static void who_waits_at_a_close_needs_no_share(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(close_under_readers, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[1], 3);
	assert_int_equal(t.served, 3);
	assert_int_equal(t.rc[2], 1);
	assert_int_equal(t.rc[3], 'x');
	/* The old one's descriptor is closed. */
	assert_int_equal(t.rc[4], 0);
}

static void close_halves(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *peer;
	char buf[8] = "";

	connect_pair(t, &peer);
	t->wrong += pgo_write(t->c, "ab", 2) != 2;
	t->rc[0] |= pgo_close_write(t->c);
	t->rc[1] = pgo_read(peer, buf, sizeof(buf));
	t->rc[2] = pgo_read(peer, buf, sizeof(buf));
	/* The other way is open still. */
	t->wrong += pgo_write(peer, "c", 1) != 1;
	t->rc[3] = pgo_read(t->c, buf, sizeof(buf));
	t->rc[4] = pgo_write(t->c, "d", 1);
	pgo_close_read(peer);
	t->rc[5] = pgo_read(peer, buf, sizeof(buf));
	pgo_close(t->c);
	pgo_close(peer);
	pgo_close(t->listener);
}

static void half_a_connection_can_be_closed(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(close_halves, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(t.rc[1], 2);
	assert_int_equal(t.rc[2], 0);
	assert_int_equal(t.rc[3], 1);
	assert_int_equal(t.rc[4], -EPIPE);
	assert_int_equal(t.rc[5], 0);
}

static void reset(void *arg)
{
	struct trip *t = arg;
	struct linger now = { .l_onoff = 1 };
	struct pgo_conn *peer;

	connect_pair(t, &peer);
	pgo_waitgroup_add(&t->wg, 1);
	pgo_go(read_and_tell, t);
	pgo_sleep(MS_NS);
	setsockopt(pgo_conn_fd(peer), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	pgo_close(peer);
	pgo_waitgroup_wait(&t->wg);
	t->rc[2] = pgo_write(t->c, "x", 1);
	pgo_close(t->c);
	pgo_close(t->listener);
	t->rc[3] = pgo_dial(&t->c, "tcp", t->bound, 0);
}

/* The kernel has some 14000 ports to choose from, and goes on from one to the
 * next. */
static void dial_nobody(void *arg)
{
	struct trip *t = arg;
	char *port;

	t->rc[0] = pgo_listen(&t->listener, "tcp", "127.0.0.1:0");
	pgo_conn_local(t->listener, t->bound, sizeof(t->bound));
	pgo_close(t->listener);
	port = strchr(t->bound, ':') + 1;
	/* Those who connect are given even ones first. */
	snprintf(port, 16, "%d", atoi(port) & ~1);
	for (int i = 0; i < 20000; i++) {
		char own[64];

		if (pgo_dial(&t->c, "tcp", t->bound, 0))
			continue;
		/* Or another program listens there by now. */
		pgo_conn_local(t->c, own, sizeof(own));
		t->wrong += !strcmp(own, t->bound);
		pgo_close(t->c);
	}
}

static void nobody_is_connected_to_himself(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(dial_nobody, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.wrong, 0);
}

static void a_reset_is_an_error_not_a_signal(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(reset, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[1], -ECONNRESET);
	assert_int_equal(t.rc[2], -EPIPE);
	assert_int_equal(t.rc[3], -ECONNREFUSED);
}

/* Deadlines ---------------------------------------------------------------- */

static void let_pass(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *peer, *none;
	int64_t begin = now_ns();
	char byte;

	connect_pair(t, &peer);
	pgo_conn_deadline(t->c, PGO_READ, begin + 5 * MS_NS);
	t->rc[1] = pgo_read(t->c, &byte, 1);
	t->took_ns = now_ns() - begin;
	/* It stays passed. */
	t->rc[2] = pgo_read(t->c, &byte, 1);
	t->rc[0] |= pgo_write(t->c, "x", 1) != 1;
	pgo_conn_timeout(t->c, PGO_READ, -1);
	pgo_write(peer, "y", 1);
	t->rc[3] = pgo_read(t->c, &byte, 1);
	pgo_conn_timeout(t->listener, PGO_READ, MS_NS);
	t->rc[4] = pgo_accept(&none, t->listener);
	/* One that has passed already; earlier than the one there is. */
	pgo_conn_timeout(t->c, PGO_BOTH, 1000 * MS_NS);
	pgo_conn_timeout(t->c, PGO_BOTH, 0);
	t->rc[5] = pgo_write(t->c, "x", 1);
	pgo_close(t->c);
	pgo_close(peer);
	pgo_close(t->listener);
}

static void deadlines_pass(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(let_pass, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[1], -ETIMEDOUT);
	assert_true(t.took_ns >= 5 * MS_NS);
	assert_int_equal(t.rc[2], -ETIMEDOUT);
	assert_int_equal(t.rc[3], 1);
	assert_int_equal(t.rc[4], -ETIMEDOUT);
	assert_int_equal(t.rc[5], -ETIMEDOUT);
}

static void put_off(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *peer;
	int64_t begin = now_ns();

	connect_pair(t, &peer);
	pgo_conn_timeout(t->c, PGO_READ, 3 * MS_NS);
	pgo_waitgroup_add(&t->wg, 1);
	pgo_go(read_and_tell, t);
	pgo_yield();
	/* Who waits already waits longer; then he has waited enough. */
	pgo_conn_timeout(t->c, PGO_READ, 10000 * MS_NS);
	pgo_sleep(10 * MS_NS);
	t->rc[2] = t->rc[1];
	pgo_conn_deadline(t->c, PGO_READ, 1);
	pgo_waitgroup_wait(&t->wg);
	t->took_ns = now_ns() - begin;
	pgo_close(t->c);
	pgo_close(peer);
	pgo_close(t->listener);
}

static void deadlines_move_under_who_waits(void **state)
{
	struct trip t = { .rc = { 0, 1, 1 } };

	(void)state;
	on_goroutine(put_off, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[2], 1);
	assert_int_equal(t.rc[1], -ETIMEDOUT);
	assert_true(t.took_ns >= 10 * MS_NS && t.took_ns < 9000 * MS_NS);
}

/* Turns -------------------------------------------------------------------- */

static void write_record(void *arg)
{
	struct trip *t = arg;
	int me = t->served++;
	char *record = malloc(RECORD);

	memset(record, 'a' + me, RECORD);
	t->wrong += pgo_write(t->c, record, RECORD) != RECORD;
	free(record);
	pgo_waitgroup_done(&t->wg);
}

static void write_together(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *peer;
	char *record = malloc(RECORD);
	unsigned seen = 0;

	connect_pair(t, &peer);
	pgo_waitgroup_add(&t->wg, WRITERS);
	for (int i = 0; i < WRITERS; i++)
		pgo_go(write_record, t);
	for (int i = 0; i < WRITERS; i++) {
		t->wrong += !read_all(peer, record, RECORD);
		for (int j = 1; j < RECORD; j++)
			t->wrong += record[j] != record[0];
		seen |= 1u << (record[0] - 'a');
	}
	t->rc[1] = seen;
	pgo_waitgroup_wait(&t->wg);
	pgo_close(t->c);
	pgo_close(peer);
	pgo_close(t->listener);
	free(record);
}

static void what_one_writes_stays_together(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(write_together, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(t.rc[1], (1 << WRITERS) - 1);
}

/* Datagrams, other descriptors, other threads ------------------------------ */

static void datagrams(void *arg)
{
	struct trip *t = arg;
	struct sockaddr_storage from;
	socklen_t from_bytes = sizeof(from);
	char buf[16];

	t->rc[0] = pgo_listen(&t->listener, "udp", "127.0.0.1:0");
	pgo_conn_local(t->listener, t->bound, sizeof(t->bound));
	t->rc[0] |= pgo_dial(&t->c, "udp", t->bound, 0);
	t->rc[1] = pgo_write(t->c, "one", 3);
	t->rc[2] = pgo_write(t->c, "", 0);
	t->rc[3] = pgo_recvfrom(t->listener, buf, sizeof(buf),
				(struct sockaddr *)&from, &from_bytes);
	t->rc[4] = pgo_recvfrom(t->listener, buf, sizeof(buf), NULL, NULL);
	pgo_sendto(t->listener, "back", 4, (struct sockaddr *)&from,
		   from_bytes);
	t->rc[5] = pgo_read(t->c, buf, sizeof(buf));
	t->wrong = memcmp(buf, "back", 4);
	pgo_close(t->c);
	pgo_close(t->listener);
}

static void datagrams_come_one_by_one_with_their_sender(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(datagrams, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[1], 3);
	assert_int_equal(t.rc[2], 0);
	assert_int_equal(t.rc[3], 3);
	assert_int_equal(t.rc[4], 0);
	assert_int_equal(t.rc[5], 4);
	assert_int_equal(t.wrong, 0);
}

static void write_late(void *arg)
{
	struct trip *t = arg;

	pgo_sleep(2 * MS_NS);
	pgo_write(t->c, "late", 4);
	pgo_close(t->c);
	pgo_waitgroup_done(&t->wg);
}

static void adopt_pipe(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *end;
	char buf[8];
	int fd[2];

	t->rc[0] = pipe(fd) || pgo_conn_adopt(&end, fd[0]) ||
		   pgo_conn_adopt(&t->c, fd[1]);
	pgo_waitgroup_add(&t->wg, 1);
	pgo_go(write_late, t);
	t->rc[1] = pgo_read(end, buf, sizeof(buf));
	t->rc[2] = pgo_read(end, buf, sizeof(buf));
	pgo_close(end);
	/* A file is always ready: epoll wants none. */
	fd[0] = open("/dev/null", O_RDONLY);
	t->rc[3] = pgo_conn_adopt(&end, fd[0]);
	t->rc[4] = close(fd[0]);
	t->rc[5] = pgo_conn_adopt(&end, -1);
	pgo_waitgroup_wait(&t->wg);
}

static void pipes_can_be_waited_for(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(adopt_pipe, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[1], 4);
	assert_int_equal(t.rc[2], 0);
	assert_int_equal(t.rc[3], -EPERM);
	assert_int_equal(t.rc[4], 0);
	assert_int_equal(t.rc[5], -EBADF);
}

static void a_thread_without_goroutines_may_wait_too(void **state)
{
	struct trip t = { .net = "tcp", .addr = "127.0.0.1:0" };
	char buf[8];

	(void)state;
	assert_true(begin_server(&t));
	assert_int_equal(pgo_dial(&t.c, t.net, t.bound, 0), 0);
	assert_int_equal(pgo_write(t.c, "abc", 3), 3);
	assert_int_equal(pgo_read(t.c, buf, sizeof(buf)), 3);
	pgo_conn_timeout(t.c, PGO_READ, 3 * MS_NS);
	assert_int_equal(pgo_read(t.c, buf, sizeof(buf)), -ETIMEDOUT);
	pgo_close(t.c);
	end_server(&t);
}

static void read_itself(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *peer;
	char buf[8];

	connect_pair(t, &peer);
	t->rc[1] = recv(pgo_conn_fd(peer), buf, sizeof(buf), 0);
	t->rc[2] = errno;
	t->rc[6] = pgo_read(peer, buf, 0);
	t->rc[7] = pgo_conn_wait(peer, PGO_BOTH);
	pgo_waitgroup_add(&t->wg, 1);
	pgo_go(write_late, t);
	t->rc[3] = pgo_conn_wait(peer, PGO_READ);
	t->rc[4] = recv(pgo_conn_fd(peer), buf, 2, 0);
	/* What it has left is there for others. */
	t->rc[5] = pgo_read(peer, buf, sizeof(buf));
	pgo_waitgroup_wait(&t->wg);
	pgo_conn_get(peer);
	pgo_close(peer);
	t->rc[8] = pgo_read(peer, buf, 0);
	pgo_conn_put(peer);
	pgo_close(t->listener);
}

static void others_may_read_the_descriptor(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(read_itself, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[1], -1);
	assert_int_equal(t.rc[2], EAGAIN);
	assert_int_equal(t.rc[3], 0);
	assert_int_equal(t.rc[4], 2);
	assert_int_equal(t.rc[5], 2);
	assert_int_equal(t.rc[6], 0);
	assert_int_equal(t.rc[7], -EINVAL);
	assert_int_equal(t.rc[8], -EBADF);
}

static void write_four(void *arg)
{
	struct trip *t = arg;

	pgo_sleep(2 * MS_NS);
	pgo_write(t->c, "four", 4);
	pgo_waitgroup_done(&t->wg);
}

/* A TCP socket that came from elsewhere: after a short read, two bytes of four
 * are read by who has the descriptor. */
static void read_adopted(void *arg)
{
	struct trip *t = arg;
	struct pgo_conn *peer, *adopted;
	char buf[8];
	int fd;

	connect_pair(t, &peer);
	fd = dup(pgo_conn_fd(peer));
	pgo_close(peer);
	t->rc[1] = pgo_conn_adopt(&adopted, fd);
	pgo_write(t->c, "one", 3);
	t->rc[2] = pgo_read(adopted, buf, sizeof(buf));
	pgo_waitgroup_add(&t->wg, 1);
	pgo_go(write_four, t);
	t->rc[3] = pgo_conn_wait(adopted, PGO_READ);
	t->rc[4] = recv(fd, buf, 2, MSG_DONTWAIT);
	pgo_conn_timeout(adopted, PGO_READ, 1000 * MS_NS);
	t->rc[5] = pgo_read(adopted, buf, sizeof(buf));
	pgo_waitgroup_wait(&t->wg);
	pgo_close(adopted);
	pgo_close(t->c);
	pgo_close(t->listener);
}

static void others_may_read_what_was_adopted(void **state)
{
	struct trip t = { 0 };

	(void)state;
	on_goroutine(read_adopted, &t);
	assert_int_equal(t.rc[0], 0);
	assert_int_equal(t.rc[1], 0);
	assert_int_equal(t.rc[2], 3);
	assert_int_equal(t.rc[3], 0);
	assert_int_equal(t.rc[4], 2);
	assert_int_equal(t.rc[5], 2);
}

/* Addresses ---------------------------------------------------------------- */

static void wrong_addresses_are_refused(void **state)
{
	static const struct {
		const char *net, *addr;
		int rc;
	} wrong[] = {
		{ "tcq", "127.0.0.1:0", -EINVAL },
		{ "tcp", "127.0.0.1", -EINVAL },
		{ "tcp", "::1:80", -EINVAL },
		{ "tcp", "[::1:80", -EINVAL },
		{ "tcp", "[::1]80", -EINVAL },
		{ "tcp4", "[::1]:80", -EAFNOSUPPORT },
		{ "tcp6", "127.0.0.1:80", -EAFNOSUPPORT },
		{ "tcp", "127.0.0.1:65536", -EINVAL },
		{ "tcp", "127.0.0.1:+70000", -EINVAL },
		{ "tcp", "127.0.0.1:-1", -EINVAL },
		{ "tcp", "127.0.0.1: 80", -EINVAL },
		{ "udp", "127.0.0.1:99999999999999999999", -EINVAL },
		{ "unix", "", -EINVAL },
		{ "udp", "", -EINVAL },
	};
	struct pgo_conn *c;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(pgo_listen(&c, wrong[i].net, wrong[i].addr),
				 wrong[i].rc);
		assert_null(c);
		assert_int_equal(pgo_dial(&c, wrong[i].net, wrong[i].addr, 0),
				 wrong[i].rc);
		assert_null(c);
	}
}

static void addresses_are_text(void **state)
{
	char name[64], buf[64], cut[4];
	struct pgo_conn *c;
	int n;

	(void)state;
	n = snprintf(name, sizeof(name), "@pgo-net-%d", (int)getpid());
	assert_int_equal(pgo_listen(&c, "unix", name), 0);
	assert_int_equal(pgo_conn_local(c, buf, sizeof(buf)), n);
	assert_string_equal(buf, name);
	assert_int_equal(pgo_conn_local(c, cut, sizeof(cut)), n);
	assert_string_equal(cut, "@pg");
	assert_int_equal(pgo_conn_remote(c, buf, sizeof(buf)), -ENOTCONN);
	pgo_close(c);
	assert_int_equal(pgo_listen(&c, "tcp4", ":0"), 0);
	pgo_conn_local(c, buf, sizeof(buf));
	assert_int_equal(strncmp(buf, "0.0.0.0:", 8), 0);
	assert_int_not_equal(atoi(buf + 8), 0);
	pgo_close(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_brings_back_what_was_sent),
		cmocka_unit_test(those_who_were_woken_are_counted),
		cmocka_unit_test(names_are_looked_up),
		cmocka_unit_test(tcp_of_version_6),
		cmocka_unit_test(unix_streams_bring_it_back_too),
		cmocka_unit_test(closing_wakes_who_waits),
		cmocka_unit_test(who_waits_at_a_close_needs_no_share),
		cmocka_unit_test(half_a_connection_can_be_closed),
		cmocka_unit_test(a_reset_is_an_error_not_a_signal),
		cmocka_unit_test(nobody_is_connected_to_himself),
		cmocka_unit_test(deadlines_pass),
		cmocka_unit_test(deadlines_move_under_who_waits),
		cmocka_unit_test(what_one_writes_stays_together),
		cmocka_unit_test(datagrams_come_one_by_one_with_their_sender),
		cmocka_unit_test(pipes_can_be_waited_for),
		cmocka_unit_test(a_thread_without_goroutines_may_wait_too),
		cmocka_unit_test(others_may_read_the_descriptor),
		cmocka_unit_test(others_may_read_what_was_adopted),
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(addresses_are_text),
	};

	return cmocka_run_group_tests(tests, world_begin, world_end);
}
