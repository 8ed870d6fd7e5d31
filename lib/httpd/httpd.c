/*
 * libmicrohttpd, a thread a connection: what is asked for takes as long as a
 * profile, and waits for it in place.
 *
 * A thread is told to the runtime while it answers only, from itself: told
 * before it is there or after it has gone, a foreign thread that could wake
 * someone would be taken for it, and a program that merely waits be called
 * deadlocked.
 */
#include "lib/httpd/httpd.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/httpd/deadline.h"
#include "lib/base/clock.h"

enum {
	DAEMONS_MAX = 32,
	CONNECTIONS_MAX = 128,          /* of one daemon */
	MEMORY_BYTES = 32 << 10,        /* for head and answer of a request */
	STACK_BYTES = 1 << 20,          /* half of it may be a sanitizer's */
};

#define SECOND_NS INT64_C(1000000000)
#define REQUEST_NS (10 * SECOND_NS)     /* for all of a request to come */
#define IDLE_NS (30 * SECOND_NS)        /* between two */
#define ANSWER_NS (30 * SECOND_NS)      /* for an answer to go, */
#define ANSWER_BYTES_NS 1000            /* and so much for each byte */

static struct {
	struct serve *serve;
	void (*threads_add)(int n);
	struct MHD_Daemon *daemons[DAEMONS_MAX];
	int n;
	int stop;               /* eventfd: readable when serving ends */
} httpd = { .stop = -1 };

/* One request, from its first line to the end of its answer. */
struct request {
	char *query;
	struct buf body;
	int fd;
	bool counted;           /* by count_threads() */
	bool too_large;
};

static void count_threads(int n)
{
	if (httpd.threads_add)
		httpd.threads_add(n);
}

static int fd_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return info ? info->connect_fd : -1;
}

/* Waiting ------------------------------------------------------------------ */

static int wait_ns(void *ctx, int64_t ns)
{
	const struct request *r = ctx;
	int64_t end_ns = clock_mono_ns() + ns;

	for (;;) {
		struct pollfd fds[2] = { { httpd.stop, POLLIN, 0 },
					 { r->fd, POLLRDHUP, 0 } };
		int64_t left_ns = end_ns - clock_mono_ns();
		int64_t ms = (left_ns + 999999) / 1000000;

		if (left_ns <= 0)
			return 0;
		if (poll(fds, 2, ms < 60000 ? (int)ms : 60000) <= 0)
			continue;
		return fds[0].revents ? -ESHUTDOWN : -ECONNRESET;
	}
}

/* Answering ---------------------------------------------------------------- */

static void put_header(struct MHD_Response *to, const char *name,
		       const char *value)
{
	if (value)
		MHD_add_response_header(to, name, value);
}

static void put_headers(struct MHD_Response *to, const struct http_reply *rp)
{
	char file[HTTP_FILENAME_MAX + 32];

	snprintf(file, sizeof(file), "attachment; filename=\"%s\"",
		 rp->filename);
	put_header(to, "Content-Type", rp->type ? rp->type : HTTP_TEXT);
	put_header(to, "X-Content-Type-Options", "nosniff");
	put_header(to, "Content-Disposition", rp->filename[0] ? file : NULL);
	put_header(to, "X-Go-Pprof", rp->go_pprof ? "1" : NULL);
	put_header(to, "Location", rp->location);
	put_header(to, "Allow", rp->allow);
	put_header(to, "WWW-Authenticate", rp->authenticate);
}

static enum MHD_Result send_reply(struct MHD_Connection *c, struct request *r,
				  struct http_reply *rp)
{
	struct MHD_Response *response;
	enum MHD_Result rc;
	size_t n;
	void *bytes = buf_take(&rp->body, &n);

	response = MHD_create_response_from_buffer(n, bytes,
						   MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(bytes);
		return MHD_NO;
	}
	put_headers(response, rp);
	deadline_set(r->fd, ANSWER_NS + (int64_t)n * ANSWER_BYTES_NS);
	rc = MHD_queue_response(c, rp->status ? rp->status : 200, response);
	MHD_destroy_response(response);
	return rc;
}

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer(struct MHD_Connection *c, struct request *r,
			      const char *method, const char *path, bool tcp)
{
	struct http_reply rp = { 0 };
	const struct http_request rq = {
		.method = method,
		.path = path,
		.query = r->query ? r->query : "",
		.host = header(c, "Host"),
		.authorization = header(c, "Authorization"),
		.accept = header(c, "Accept"),
		.body = r->body.data,
		.body_bytes = r->body.len,
		.tcp = tcp,
		.wait = wait_ns,
		.ctx = r,
	};

	deadline_set(r->fd, DEADLINE_NEVER);
	if (r->too_large)
		http_error(&rp, 413, "body too large (at most %d bytes)",
			   SERVE_BODY_MAX);
	else
		serve_answer(httpd.serve, &rq, &rp);
	return send_reply(c, r, &rp);
}

/* libmicrohttpd's calls: CLS is whether it is TCP -------------------------- */

static void *on_first_line(void *cls, const char *uri,
			   struct MHD_Connection *c)
{
	struct request *r = calloc(1, sizeof(*r));
	const char *query = strchr(uri, '?');

	(void)cls;
	if (!r)
		return NULL;
	r->body.cap = SERVE_BODY_MAX;
	r->fd = fd_of(c);
	r->query = query ? strdup(query + 1) : NULL;
	deadline_set(r->fd, REQUEST_NS);
	return r;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c,
				  const char *path, const char *method,
				  const char *version, const char *data,
				  size_t *bytes, void **con)
{
	struct request *r = *con;

	(void)version;
	if (!r)
		return MHD_NO;
	/* The first of at least two calls: nothing has come but the head. */
	if (!r->counted) {
		r->counted = true;
		count_threads(1);
		return MHD_YES;
	}
	if (*bytes) {
		buf_put(&r->body, data, *bytes);
		r->too_large |= buf_error(&r->body) != 0;
		*bytes = 0;
		return MHD_YES;
	}
	return answer(c, r, method, path, cls != NULL);
}

static void on_end(void *cls, struct MHD_Connection *c, void **con,
		   enum MHD_RequestTerminationCode code)
{
	struct request *r = *con;

	(void)cls;
	(void)c;
	*con = NULL;
	if (!r)
		return;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
		deadline_set(r->fd, IDLE_NS);
	if (r->counted)
		count_threads(-1);
	buf_release(&r->body);
	free(r->query);
	free(r);
}

static void on_connection(void *cls, struct MHD_Connection *c, void **socket,
			  enum MHD_ConnectionNotificationCode code)
{
	(void)cls;
	(void)socket;
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		deadline_set(fd_of(c), REQUEST_NS);
	else
		deadline_forget(fd_of(c));
}

/* Beginning and end -------------------------------------------------------- */

int httpd_setup(struct serve *s, void (*threads_add)(int n))
{
	int rc;

	httpd.serve = s;
	httpd.threads_add = threads_add;
	httpd.stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (httpd.stop < 0)
		return -errno;
	rc = deadline_start();
	if (!rc)
		count_threads(1);
	return rc;
}

int httpd_add(int fd, bool tcp, struct err *e)
{
	struct MHD_Daemon *d;

	if (httpd.n == DAEMONS_MAX) {
		close(fd);
		return err_say(e, -E2BIG, "more than %d sockets", DAEMONS_MAX);
	}
	d = MHD_start_daemon(
		MHD_USE_THREAD_PER_CONNECTION |
			MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			MHD_USE_ITC,
		0, NULL, NULL, on_request, tcp ? &httpd : NULL,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_URI_LOG_CALLBACK, on_first_line, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
		MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_END);
	if (!d) {
		close(fd);
		return err_set(e, -ENOMEM, "server");
	}
	count_threads(1);
	httpd.daemons[httpd.n++] = d;
	return 0;
}

void httpd_stop(void)
{
	eventfd_write(httpd.stop, 1);
	for (int i = 0; i < httpd.n; i++) {
		count_threads(-1);
		MHD_stop_daemon(httpd.daemons[i]);
	}
	httpd.n = 0;
	count_threads(-1);
	deadline_stop();
	close(httpd.stop);
	httpd.stop = -1;
}

static void close_listener(struct MHD_Daemon *d)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(d, MHD_DAEMON_INFO_LISTEN_FD);

	if (info)
		close(info->listen_fd);
}

/* The threads are gone: nothing can be ended, and little be freed. */
void httpd_in_child(void)
{
	for (int i = 0; i < httpd.n; i++)
		close_listener(httpd.daemons[i]);
	httpd.n = 0;
	deadline_in_child();
	close(httpd.stop);
	httpd.stop = -1;
}
