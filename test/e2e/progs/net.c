/*
 * net - the network, used badly.
 *
 *   net crowd N     N connections at one time, both ends here; every third is
 *                   reset, every fifth reads slowly
 *   net exhaust     accepts while there are no descriptors, and after
 *   net storm N     N readers whose deadlines move, pass and are taken back
 *   net few         a few connections, for system calls that fail
 *   net fork        a child closes what it has of its parent's
 *   net wait        somebody waits for ever, and nobody else is there
 *   net batch N     N times all who wait have news at one time, while the last
 *                   other falls asleep
 *   net name N      dials a name, at most N ms
 *
 * Prints what was done; "net: WHAT: ERROR" and status 3 when a call fails that
 * may.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <pgo/pgo.h>

#include "lib/base/clock.h"

#define MS_NS INT64_C(1000000)

enum { MUCH = 300000, ROUNDS = 20, FEW = 8, BATCH = 120 };

static struct {
	long n;
	struct pgo_conn *listener;
	char addr[64];
	struct pgo_waitgroup clients, servers;
	struct pgo_waitgroup all_here;  /* until the last has connected */
	_Atomic long echoed, reset, slow, wrong, expired, in_time;
} net;

static void fail(const char *what, long rc)
{
	fprintf(stderr, "net: %s: %s\n", what, strerror((int)-rc));
	exit(3);
}

static void must(const char *what, long rc)
{
	if (rc < 0)
		fail(what, rc);
}

static long count_fds(void)
{
	long n = 0;

	for (int fd = 0; fd < 30000; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* The server --------------------------------------------------------------- */

static void echo(void *arg)
{
	struct pgo_conn *c = arg;
	char buf[256];
	ssize_t n;

	while ((n = pgo_read(c, buf, sizeof(buf))) > 0)
		if (pgo_write(c, buf, (size_t)n) < 0)
			break;
	pgo_close(c);
	pgo_waitgroup_done(&net.servers);
}

static void accept_all(void *arg)
{
	struct pgo_conn *c;
	int rc;

	(void)arg;
	while (!(rc = pgo_accept(&c, net.listener))) {
		pgo_waitgroup_add(&net.servers, 1);
		must("go", pgo_go(echo, c));
	}
	if (rc != -EBADF)
		fail("accept", rc);
	pgo_conn_put(net.listener);
	pgo_waitgroup_done(&net.servers);
}

static void begin_to_listen(void)
{
	must("listen", pgo_listen(&net.listener, "tcp", "127.0.0.1:0"));
	pgo_conn_local(net.listener, net.addr, sizeof(net.addr));
}

static void begin_to_accept(void)
{
	pgo_waitgroup_add(&net.servers, 1);
	pgo_conn_get(net.listener);
	must("go", pgo_go(accept_all, NULL));
}

static void begin(void)
{
	begin_to_listen();
	begin_to_accept();
}

static void end(void)
{
	pgo_waitgroup_wait(&net.clients);
	pgo_close(net.listener);
	pgo_waitgroup_wait(&net.servers);
}

/* A crowd ------------------------------------------------------------------ */

static bool read_all(struct pgo_conn *c, size_t n)
{
	char buf[256];

	while (n) {
		ssize_t got = pgo_read(c, buf, n < sizeof(buf) ? n :
						       sizeof(buf));

		if (got <= 0)
			return false;
		n -= (size_t)got;
	}
	return true;
}

static void ask(struct pgo_conn *c)
{
	for (int i = 0; i < ROUNDS; i++)
		if (pgo_write(c, "hello", 5) != 5 || !read_all(c, 5))
			net.wrong++;
	net.echoed++;
}

static void write_much(void *arg)
{
	static char much[MUCH];

	if (pgo_write(arg, much, sizeof(much)) != MUCH)
		net.wrong++;
	pgo_conn_put(arg);
}

/* What was sent fills all there is between the two, and waits. */
static void read_slowly(struct pgo_conn *c)
{
	must("go", pgo_go(write_much, pgo_conn_get(c)));
	pgo_sleep(20 * MS_NS);
	if (!read_all(c, MUCH))
		net.wrong++;
	net.slow++;
}

/* In the middle of an answer. */
static void reset(struct pgo_conn *c)
{
	struct linger now = { .l_onoff = 1 };

	setsockopt(pgo_conn_fd(c), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (pgo_write(c, "hello", 5) != 5)
		net.wrong++;
	net.reset++;
}

static void one_of_crowd(void *arg)
{
	long i = (long)(intptr_t)arg;
	struct pgo_conn *c;

	must("dial", pgo_dial(&c, "tcp", net.addr, 0));
	pgo_waitgroup_done(&net.all_here);
	pgo_waitgroup_wait(&net.all_here);
	if (i % 3 == 0)
		reset(c);
	else if (i % 5 == 0)
		read_slowly(c);
	else
		ask(c);
	pgo_close(c);
	pgo_waitgroup_done(&net.clients);
}

static void crowd(void)
{
	long before = count_fds(), after;

	begin();
	pgo_waitgroup_add(&net.clients, (int)net.n);
	pgo_waitgroup_add(&net.all_here, (int)net.n);
	for (long i = 0; i < net.n; i++)
		must("go", pgo_go(one_of_crowd, (void *)i));
	end();
	after = count_fds();
	printf("echoed %ld slow %ld reset %ld wrong %ld, fds + %ld\n",
	       net.echoed, net.slow, net.reset, net.wrong, after - before);
}

/* No descriptors ----------------------------------------------------------- */

static void be_accepted(void *arg)
{
	struct pgo_conn *c;

	(void)arg;
	must("dial", pgo_dial(&c, "tcp", net.addr, 0));
	pgo_waitgroup_done(&net.all_here);
	ask(c);
	pgo_close(c);
	pgo_waitgroup_done(&net.clients);
}

/* All that are left. */
static int hoard(int *fd)
{
	int n = 0;

	while ((fd[n] = dup(0)) >= 0)
		n++;
	return n;
}

static void exhaust(void)
{
	struct rlimit few;
	int fd[256];
	int n;

	/* Valgrind keeps the hard limit. */
	getrlimit(RLIMIT_NOFILE, &few);
	few.rlim_cur = 256;
	must("setrlimit", setrlimit(RLIMIT_NOFILE, &few));
	begin_to_listen();
	pgo_waitgroup_add(&net.clients, FEW);
	pgo_waitgroup_add(&net.all_here, FEW);
	for (int i = 0; i < FEW; i++)
		must("go", pgo_go(be_accepted, NULL));
	pgo_waitgroup_wait(&net.all_here);
	n = hoard(fd);
	begin_to_accept();
	pgo_sleep(30 * MS_NS);
	printf("without descriptors: %ld echoed\n", net.echoed);
	while (n)
		close(fd[--n]);
	end();
	printf("with them: %ld echoed, %ld wrong\n", net.echoed, net.wrong);
}

/* Deadlines ---------------------------------------------------------------- */

static void be_late(void *arg)
{
	uint32_t dice = (uint32_t)(intptr_t)arg * 2654435761u;
	struct pgo_conn *c;
	char byte;

	must("dial", pgo_dial(&c, "tcp", net.addr, 0));
	for (int i = 0; i < ROUNDS; i++) {
		ssize_t n;

		dice = dice * 1664525 + 1013904223;
		pgo_conn_timeout(c, PGO_READ, (dice >> 8) % 5 * MS_NS);
		pgo_conn_timeout(c, PGO_READ, (dice >> 12) % 5 * MS_NS);
		n = pgo_read(c, &byte, 1);
		net.expired += n == -ETIMEDOUT;
		/* With none, or one that is far, what comes is read. */
		pgo_conn_timeout(c, PGO_READ, dice & 1 ? -1 : 60000 * MS_NS);
		pgo_write(c, "x", 1);
		net.in_time += pgo_read(c, &byte, 1) == 1;
	}
	pgo_close(c);
	pgo_waitgroup_done(&net.clients);
}

static void storm(void)
{
	begin();
	pgo_waitgroup_add(&net.clients, (int)net.n);
	for (long i = 0; i < net.n; i++)
		must("go", pgo_go(be_late, (void *)i));
	end();
	printf("expired %ld, in time %ld\n", net.expired, net.in_time);
}

/* The rest ----------------------------------------------------------------- */

static void one_of_few(void *arg)
{
	struct pgo_conn *c;

	(void)arg;
	must("dial", pgo_dial(&c, "tcp", net.addr, 0));
	for (int i = 0; i < ROUNDS; i++) {
		long rc = pgo_write(c, "hello", 5);

		must("write", rc);
		/* The server may have had to drop it. */
		if (!read_all(c, 5))
			fail("read", -EPIPE);
	}
	net.echoed++;
	pgo_close(c);
	pgo_waitgroup_done(&net.clients);
}

static void few(void)
{
	begin();
	pgo_waitgroup_add(&net.clients, FEW);
	for (long i = 0; i < FEW; i++)
		must("go", pgo_go(one_of_few, NULL));
	end();
	printf("echoed %ld\n", net.echoed);
}

static void in_child(struct pgo_conn *c)
{
	bool wrote = pgo_write(c, "child", 5) == 5;
	/* In the parent somebody accepts there. */
	int fd = pgo_conn_fd(net.listener);

	pgo_close(c);
	pgo_close(net.listener);
	_exit(!wrote ? 1 : fcntl(fd, F_GETFD) >= 0 ? 2 : 0);
}

static void forked(void)
{
	struct pgo_conn *c;
	int status = 0;
	pid_t pid;

	begin();
	must("dial", pgo_dial(&c, "tcp", net.addr, 0));
	/* Until the server waits for more. */
	pgo_sleep(5 * MS_NS);
	pid = fork();
	if (!pid)
		in_child(c);
	waitpid(pid, &status, 0);
	/* Here both are as they were. */
	printf("child %d, its answer %d", status, read_all(c, 5));
	net.echoed = 0;
	ask(c);
	printf(", then %ld echoed, %ld wrong\n", net.echoed, net.wrong);
	pgo_close(c);
	end();
}

static void wait_for_ever(void)
{
	struct pgo_conn *c;

	must("listen", pgo_listen(&net.listener, "tcp", "127.0.0.1:0"));
	puts("waiting");
	fflush(stdout);
	must("accept", pgo_accept(&c, net.listener));
}

static void read_bytes(void *conn)
{
	char byte;

	while (pgo_read(conn, &byte, 1) == 1)
		pgo_waitgroup_done(&net.clients);
	pgo_close(conn);
	pgo_waitgroup_done(&net.servers);
}

static void spin(unsigned turns)
{
	for (volatile unsigned i = 0; i < turns; i++)
		;
}

/* The first spin lets them wait again; the other ends at any moment of their
 * waking. */
static void batch(void)
{
	static char bytes[BATCH];
	unsigned rand = 1;
	int fd[2];

	must("socketpair", -socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	pgo_waitgroup_add(&net.servers, BATCH);
	for (int i = 0; i < BATCH; i++) {
		struct pgo_conn *c;

		must("adopt", pgo_conn_adopt(&c, dup(fd[0])));
		must("go", pgo_go(read_bytes, c));
	}
	for (long i = 0; i < net.n; i++) {
		pgo_waitgroup_add(&net.clients, BATCH);
		spin(150000);
		send(fd[1], bytes, BATCH, 0);
		rand = rand * 1664525 + 1013904223;
		spin((rand >> 8) % 60000);
		pgo_waitgroup_wait(&net.clients);
	}
	close(fd[1]);
	pgo_waitgroup_wait(&net.servers);
	printf("all woke %ld times\n", net.n);
}

static void dial_a_name(void)
{
	int64_t begin_ns = clock_mono_ns();
	struct pgo_conn *c;
	int rc = pgo_dial(&c, "tcp", "host.test:80", begin_ns + net.n * MS_NS);

	printf("%s after %" PRId64 " ms\n", strerror(-rc),
	       (clock_mono_ns() - begin_ns) / MS_NS);
}

static const struct {
	const char *name;
	void (*fn)(void);
} modes[] = {
	{ "crowd", crowd }, { "exhaust", exhaust }, { "storm", storm },
	{ "few", few }, { "fork", forked }, { "wait", wait_for_ever },
	{ "batch", batch }, { "name", dial_a_name },
};

static void run(void *arg)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, arg))
			modes[i].fn();
}

int main(int argc, char **argv)
{
	struct rlimit files;
	int rc;

	if (argc < 2) {
		fputs("usage: net MODE [N]\n", stderr);
		return 2;
	}
	net.n = argc > 2 ? atol(argv[2]) : 100;
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	rc = pgo_run(run, argv[1]);
	if (rc && rc != -EBUSY)
		fail("pgo_run", rc);
	return 0;
}
