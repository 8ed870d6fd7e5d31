/* lib/wire/http: answers are read whole, and no server can hurt its client. */
#include "lib/wire/http.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"

#define MS INT64_C(1000000)

/* What a server does with a connection, the request's head being read. */
typedef void serve_fn(int fd, const char *request);

static pid_t server;
static const char *script;      /* what serve_script() sends */

static void send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done <= 0)
			_exit(0);
		p += done;
		n -= (size_t)done;
	}
}

static void send_text(int fd, const char *text)
{
	send_all(fd, text, strlen(text));
}

static void serve(int listener, serve_fn *fn)
{
	char request[8192];
	size_t n = 0;
	int fd = accept(listener, NULL, NULL);

	alarm(20);
	while (n + 1 < sizeof(request)) {
		ssize_t got = read(fd, request + n, sizeof(request) - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		request[n] = '\0';
		if (strstr(request, "\r\n\r\n"))
			break;
	}
	fn(fd, request);
	close(fd);
	_exit(0);
}

static void start(int listener, serve_fn *fn)
{
	assert_int_equal(listen(listener, 4), 0);
	server = fork();
	if (server == 0)
		serve(listener, fn);
	close(listener);
}

/* A server on loopback; its URL. */
static struct http_url start_tcp(serve_fn *fn)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(a);
	struct http_url u;
	char text[64];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	getsockname(fd, (struct sockaddr *)&a, &size);
	start(fd, fn);
	snprintf(text, sizeof(text), "http://127.0.0.1:%d/a?b=c",
		 ntohs(a.sin_port));
	assert_int_equal(http_url_parse(&u, text, NULL), 0);
	return u;
}

static void stop(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void serve_script(int fd, const char *request)
{
	(void)request;
	send_text(fd, script);
}

static struct http_answer answer;
static struct err why;

/* What http_ask() returns of a server that sends TEXT; 1 MiB, 5 s. */
static int ask(const char *text)
{
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 5000 * MS,
		.max = 1 << 20,
	};
	struct http_url u;
	int rc;

	http_answer_release(&answer);
	script = text;
	u = start_tcp(serve_script);
	rc = http_ask(&u, &rq, &answer, &why);
	stop();
	return rc;
}

static void assert_body(const char *text)
{
	assert_int_equal(answer.body.len, strlen(text));
	assert_string_equal(buf_str(&answer.body), text);
}

static void a_body_ends_at_its_length(void **state)
{
	(void)state;
	assert_int_equal(ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
			     "Content-Type:  text/plain \r\n\r\nhello, more"),
			 0);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.type, "text/plain");
	assert_body("hello");
}

static void a_body_without_length_ends_with_the_connection(void **state)
{
	(void)state;
	assert_int_equal(ask("HTTP/1.0 404 Not Found\nX-Go-Pprof: 1\n\n"
			     "Unknown profile\n"), 0);
	assert_int_equal(answer.status, 404);
	assert_true(answer.is_pprof_error);
	assert_body("Unknown profile\n");
}

static void chunks_are_put_together(void **state)
{
	(void)state;
	assert_int_equal(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
			     "\r\n\r\n5;name=x\r\nhello\r\n2\r\n, \r\n"
			     "000A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"),
			 0);
	assert_body("hello, 0123456789");
}

static void what_comes_before_the_answer_is_passed_over(void **state)
{
	(void)state;
	assert_int_equal(ask("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early"
			     " Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
			     "Content-Length: 2\r\n\r\nok"), 0);
	assert_int_equal(answer.status, 200);
	assert_body("ok");
}

static void broken_answers_are_errors(void **state)
{
	static const char *const broken[] = {
		"",
		"nonsense\r\n\r\n",
		"HTTP/2 200 OK\r\n\r\n",
		"HTTP/1.1 2x0 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999"
		"\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2"
		"\r\n\r\nab",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n"
		"hello\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
		"helloX\r\n0\r\n\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		int rc = ask(broken[i]);

		if (rc != -EBADMSG)
			fail_msg("%s: %d", broken[i], rc);
		assert_non_null(strstr(why.text, "no complete HTTP answer"));
	}
}

static void a_body_beyond_the_cap_is_refused_at_once(void **state)
{
	(void)state;
	assert_int_equal(ask("HTTP/1.1 200 OK\r\nContent-Length: 1048577"
			     "\r\n\r\n"), -EFBIG);
	assert_int_equal(ask("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"
			     "\r\n\r\nFFFFFFFFFFFFFFF\r\nhello"), -EBADMSG);
	assert_int_equal(answer.body.len, 5);
}

static void serve_endless_body(int fd, const char *request)
{
	static char zeros[65536];

	(void)request;
	send_text(fd, "HTTP/1.1 200 OK\r\n\r\n");
	for (;;)
		send_all(fd, zeros, sizeof(zeros));
}

static void serve_endless_headers(int fd, const char *request)
{
	(void)request;
	send_text(fd, "HTTP/1.1 200 OK\r\n");
	for (;;)
		send_text(fd, "X-More: and more\r\n");
}

static void serve_endless_line(int fd, const char *request)
{
	(void)request;
	send_text(fd, "HTTP/1.1 200 OK\r\nX-Long: ");
	for (;;)
		send_text(fd, "and on and on ");
}

static void serve_endless_continues(int fd, const char *request)
{
	(void)request;
	for (;;)
		send_text(fd, "HTTP/1.1 100 Continue\r\n\r\n");
}

static void serve_endless_chunk_line(int fd, const char *request)
{
	(void)request;
	send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (;;)
		send_text(fd, "5;extension=and=more");
}

/* What http_ask() returns of FN, which must be within MS_MAX. */
static int ask_fn(serve_fn *fn, int deadline_ms, int ms_max)
{
	int64_t begin_ns = clock_mono_ns(), took_ms;
	struct http_request rq = {
		.deadline_ns = begin_ns + deadline_ms * MS,
		.max = 1 << 20,
	};
	struct http_url u = start_tcp(fn);
	int rc;

	http_answer_release(&answer);
	rc = http_ask(&u, &rq, &answer, &why);
	stop();
	took_ms = (clock_mono_ns() - begin_ns) / MS;
	if (took_ms > ms_max)
		fail_msg("took %d ms", (int)took_ms);
	return rc;
}

static void endless_answers_end(void **state)
{
	(void)state;
	assert_int_equal(ask_fn(serve_endless_body, 9000, 5000), -EFBIG);
	assert_int_equal(answer.body.len <= 1 << 20, 1);
	assert_int_equal(ask_fn(serve_endless_headers, 9000, 5000), -EMSGSIZE);
	assert_int_equal(ask_fn(serve_endless_line, 9000, 5000), -EMSGSIZE);
	assert_int_equal(ask_fn(serve_endless_continues, 9000, 5000),
			 -EMSGSIZE);
	assert_int_equal(ask_fn(serve_endless_chunk_line, 9000, 5000),
			 -EMSGSIZE);
}

static void serve_silence(int fd, const char *request)
{
	(void)fd;
	(void)request;
	pause();
}

static void serve_drips(int fd, const char *request)
{
	(void)request;
	send_text(fd, "HTTP/1.1 200 OK\r\n\r\n");
	for (;;) {
		send_text(fd, "x");
		usleep(20000);
	}
}

static void the_deadline_is_for_the_whole_exchange(void **state)
{
	(void)state;
	assert_int_equal(ask_fn(serve_silence, 300, 3000), -ETIMEDOUT);
	assert_int_equal(ask_fn(serve_drips, 300, 3000), -ETIMEDOUT);
	assert_true(answer.body.len > 0);
}

static int give_up(void *ctx)
{
	return ++*(int *)ctx > 2 ? -EINTR : 0;
}

static void whoever_waits_can_give_up(void **state)
{
	int asked = 0;
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 15000 * MS,
		.max = 1 << 20,
		.waiting = give_up,
		.ctx = &asked,
	};
	struct http_url u = start_tcp(serve_silence);

	(void)state;
	http_answer_release(&answer);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), -EINTR);
	assert_int_equal(asked, 3);
	stop();
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void serve_late(int fd, const char *request)
{
	(void)request;
	usleep(300000);
	send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
}

static void signals_do_not_show(void **state)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	timer_t timer;
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL,
			       .sigev_signo = SIGUSR1 };
	struct itimerspec often = { { 0, 2 * MS }, { 0, 2 * MS } };

	(void)state;
	sigaction(SIGUSR1, &sa, NULL);
	timer_create(CLOCK_MONOTONIC, &ev, &timer);
	timer_settime(timer, 0, &often, NULL);
	assert_int_equal(ask_fn(serve_late, 9000, 5000), 0);
	timer_delete(timer);
	assert_body("late");
}

static void serve_echo(int fd, const char *request)
{
	char head[100];
	size_t n = strlen(request);

	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu"
		 "\r\n\r\n", n);
	send_text(fd, head);
	send_all(fd, request, n);
}

static void a_request_says_what_is_needed(void **state)
{
	struct http_url u = start_tcp(serve_echo);
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 5000 * MS,
		.max = 1 << 20,
		.accept = "text/plain",
		.token = "s3cret",
	};
	char host[300], want[400];
	const char *got;

	(void)state;
	http_answer_release(&answer);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), 0);
	stop();
	got = buf_str(&answer.body);
	http_url_name(&u, host, sizeof(host));
	snprintf(want, sizeof(want), "GET /a?b=c HTTP/1.1\r\nHost: %s\r\n",
		 host);
	assert_memory_equal(got, want, strlen(want));
	assert_non_null(strstr(got, "\r\nAccept: text/plain\r\n"));
	assert_non_null(strstr(got, "\r\nAuthorization: Bearer s3cret\r\n"));
	assert_non_null(strstr(got, "\r\nConnection: close\r\n"));
}

static void passwords_in_urls_go_as_basic(void **state)
{
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 5000 * MS, .max = 1 << 20,
	};
	struct http_url u = start_tcp(serve_echo);

	(void)state;
	strcpy(u.user, "pgo:open sesame");
	http_answer_release(&answer);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), 0);
	stop();
	assert_non_null(strstr(buf_str(&answer.body), "\r\nAuthorization: "
			       "Basic cGdvOm9wZW4gc2VzYW1l\r\n"));
}

static void a_post_carries_its_body(void **state)
{
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 5000 * MS, .max = 1 << 20,
		.body = "0x1+0x2", .body_bytes = 7,
	};
	struct http_url u = start_tcp(serve_echo);
	const char *got;

	(void)state;
	http_answer_release(&answer);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), 0);
	stop();
	got = buf_str(&answer.body);
	assert_memory_equal(got, "POST /a?b=c ", 12);
	assert_non_null(strstr(got, "\r\nContent-Length: 7\r\n"));
}

static void nothing_the_caller_gives_breaks_the_head(void **state)
{
	static const char *const paths[] = { "/a b", "/a\r\nX: y", "a", "" };
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 5000 * MS, .max = 100,
	};
	struct http_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		u = start_tcp(serve_echo);
		rq.path = paths[i];
		http_answer_release(&answer);
		assert_int_equal(http_ask(&u, &rq, &answer, &why), -EINVAL);
		stop();
	}
	u = start_tcp(serve_echo);
	rq.path = NULL;
	rq.token = "a\r\nb";
	http_answer_release(&answer);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), -EINVAL);
	stop();
}

static int count_piece(void *ctx, const void *p, size_t n)
{
	(void)p;
	*(size_t *)ctx += n;
	return *(size_t *)ctx > 600000 ? -ECANCELED : 0;
}

static void pieces_come_as_they_are_read(void **state)
{
	size_t got = 0;
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 9000 * MS, .max = 1 << 20,
		.piece = count_piece, .ctx = &got,
	};
	struct http_url u = start_tcp(serve_endless_body);

	(void)state;
	http_answer_release(&answer);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), -ECANCELED);
	stop();
	assert_true(got > 600000 && got < 700000);
	assert_int_equal(answer.body.len, 0);
}

static void only_a_200_is_fetched(void **state)
{
	static const struct { const char *text, *says; int rc; } cases[] = {
		{ "HTTP/1.1 301 Moved\r\nLocation: /debug/pprof/\r\n\r\n",
		  "redirects to /debug/pprof/ (not followed", -EOPNOTSUPP },
		{ "HTTP/1.1 404 Not Found\r\n\r\nUnknown profile\nmore",
		  "HTTP 404: Unknown profile", -ENOENT },
		{ "HTTP/1.1 401 Unauthorized\r\n\r\nno", "(give its token: ",
		  -EACCES },
		{ "HTTP/1.1 500 Oh\r\n\r\nCould not", "HTTP 500: Could not",
		  -EPROTO },
	};
	struct http_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct http_request rq = {
			.deadline_ns = clock_mono_ns() + 5000 * MS,
			.max = 1 << 20,
		};

		script = cases[i].text;
		u = start_tcp(serve_script);
		http_answer_release(&answer);
		assert_int_equal(http_fetch(&u, &rq, &answer, &why),
				 cases[i].rc);
		stop();
		if (!strstr(why.text, cases[i].says))
			fail_msg("%s: %s", cases[i].says, why.text);
	}
}

/* A unix socket in a fresh folder whose path is longer than sun_path. */
static void unix_sockets_have_paths_of_any_length(void **state)
{
	char dir[40] = "/tmp/pgo-http-XXXXXX", deep[400], text[500];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 5000 * MS, .max = 1 << 20,
	};
	struct http_url u;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(deep, sizeof(deep), "%s/%0150d", dir, 7);
	assert_int_equal(mkdir(deep, 0700), 0);
	assert_int_equal(chdir(deep), 0);
	strcpy(a.sun_path, "s");
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	start(fd, serve_echo);
	snprintf(text, sizeof(text), "unix:%s/s", deep);
	assert_int_equal(http_url_parse(&u, text, NULL), 0);
	http_answer_release(&answer);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), 0);
	stop();
	assert_non_null(strstr(buf_str(&answer.body), "\r\nHost: localhost\r"));
	unlink("s");
	assert_int_equal(chdir("/"), 0);
	rmdir(deep);
	rmdir(dir);
}

/* The socket seen from a root; a link in it must not lead out. */
static void links_do_not_leave_a_root(void **state)
{
	char dir[64] = "/tmp/pgo-root-XXXXXX", path[128], target[128];
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 5000 * MS, .max = 1 << 20,
	};
	struct http_url u = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	snprintf(path, sizeof(path), "%s/inside", dir);
	assert_int_equal(symlink("/s", path), 0);
	snprintf(path, sizeof(path), "%s/outside", dir);
	snprintf(target, sizeof(target), "/../../../..%s/s", dir);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	start(fd, serve_echo);
	assert_int_equal(http_url_parse(&u, "unix:/outside", NULL), 0);
	strcpy(u.root, dir);
	http_answer_release(&answer);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), -ENOENT);
	strcpy(u.socket, "/inside");
	/* Who called listen() is this process. */
	u.peer = getpid() + 1;
	assert_int_equal(http_ask(&u, &rq, &answer, &why), -EPERM);
	assert_non_null(strstr(why.text, "listens there"));
	stop();
	unlink(a.sun_path);
	unlink(path);
	snprintf(path, sizeof(path), "%s/inside", dir);
	unlink(path);
	rmdir(dir);
}

static void nobody_there_is_said(void **state)
{
	struct http_request rq = {
		.deadline_ns = clock_mono_ns() + 5000 * MS, .max = 100,
	};
	struct http_url u;

	(void)state;
	http_answer_release(&answer);
	assert_int_equal(http_url_parse(&u, "unix:/no/such/socket", NULL), 0);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), -ENOENT);
	assert_string_equal(why.text, "unix:/no/such/socket: No such file or "
				      "directory");
	assert_int_equal(http_url_parse(&u, "127.0.0.1:1", NULL), 0);
	assert_int_equal(http_ask(&u, &rq, &answer, &why), -ECONNREFUSED);
	assert_string_equal(why.text, "127.0.0.1:1: Connection refused");
}

static void urls_are_taken_apart(void **state)
{
	static const struct { const char *text, *host, *port, *user, *path; }
	cases[] = {
		{ "http://localhost:6060/debug/pprof/?x=1#y", "localhost",
		  "6060", "", "/debug/pprof/?x=1" },
		{ "http://host", "host", "80", "", "/" },
		{ "HTTP://host?x", "host", "80", "", "/?x" },
		{ "host:6060", "host", "6060", "", "/" },
		{ ":6060", "localhost", "6060", "", "/" },
		{ "[::1]:6060/x", "::1", "6060", "", "/x" },
		{ "http://u:p%40ss@host:1/", "host", "1", "u:p@ss", "/" },
	};
	struct http_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(http_url_parse(&u, cases[i].text, NULL), 0);
		assert_string_equal(u.host, cases[i].host);
		assert_string_equal(u.port, cases[i].port);
		assert_string_equal(u.user, cases[i].user);
		assert_string_equal(u.path, cases[i].path);
	}
}

static void what_is_no_url_is_refused(void **state)
{
	static const char *const bad[] = {
		"", "host", "host:", "host:0", "host:65536", "host:6o6o",
		"http://host:123456/", "http://ho st/", "http://h\r\nX: y/",
		"::1:6060", "[::1", "[::1]x:1", "unix:", "http://%zz@h/",
		"http://%00@h/",
	};
	char longest[9000];
	struct http_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (http_url_parse(&u, bad[i], &why) != -EINVAL)
			fail_msg("\"%s\" is taken", bad[i]);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "http://", 7);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(http_url_parse(&u, longest, &why), -EINVAL);
	memcpy(longest, "http://h/", 9);
	assert_int_equal(http_url_parse(&u, longest, &why), -EINVAL);
	memcpy(longest, "unix:/", 6);
	assert_int_equal(http_url_parse(&u, longest, &why), -EINVAL);
	assert_int_equal(http_url_parse(&u, "https://h/", &why),
			 -EPROTONOSUPPORT);
	assert_non_null(strstr(why.text, "https is not spoken"));
	assert_int_equal(http_url_parse(&u, "ftp://h/", &why),
			 -EPROTONOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_ends_at_its_length),
		cmocka_unit_test(
			a_body_without_length_ends_with_the_connection),
		cmocka_unit_test(chunks_are_put_together),
		cmocka_unit_test(what_comes_before_the_answer_is_passed_over),
		cmocka_unit_test(broken_answers_are_errors),
		cmocka_unit_test(a_body_beyond_the_cap_is_refused_at_once),
		cmocka_unit_test(endless_answers_end),
		cmocka_unit_test(the_deadline_is_for_the_whole_exchange),
		cmocka_unit_test(whoever_waits_can_give_up),
		cmocka_unit_test(signals_do_not_show),
		cmocka_unit_test(a_request_says_what_is_needed),
		cmocka_unit_test(passwords_in_urls_go_as_basic),
		cmocka_unit_test(a_post_carries_its_body),
		cmocka_unit_test(nothing_the_caller_gives_breaks_the_head),
		cmocka_unit_test(pieces_come_as_they_are_read),
		cmocka_unit_test(only_a_200_is_fetched),
		cmocka_unit_test(unix_sockets_have_paths_of_any_length),
		cmocka_unit_test(links_do_not_leave_a_root),
		cmocka_unit_test(nobody_there_is_said),
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(what_is_no_url_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
