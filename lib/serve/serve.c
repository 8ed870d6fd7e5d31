/* Routes.  What is not in the table is answered as Go does: below
 * /debug/pprof/ by "Unknown profile", elsewhere by "404 page not found". */
#include "lib/serve/serve.h"

#include <string.h>

#include "lib/serve/handlers.h"

#define PPROF "/debug/pprof/"
#define ONE "/debug/pgo/goroutine/"

static void handle_healthz(struct serve *s, const struct http_request *rq,
			   struct http_reply *rp)
{
	(void)s;
	(void)rq;
	buf_put_str(&rp->body, "ok\n");
}

static void handle_redirect(struct serve *s, const struct http_request *rq,
			    struct http_reply *rp)
{
	(void)s;
	(void)rq;
	rp->status = 301;
	rp->type = HTTP_HTML;
	rp->location = PPROF;
	buf_put_str(&rp->body,
		    "<a href=\"" PPROF "\">Moved Permanently</a>.\n\n");
}

/* Go's handlers take any method; ours are for looking. */
struct route {
	const char *path;
	void (*handle)(struct serve *s, const struct http_request *rq,
		       struct http_reply *rp);
	bool get_only;
};

static const struct route routes[] = {
	{ "/debug/pprof", handle_redirect, false },
	{ PPROF, handle_index, false },
	{ PPROF "cmdline", handle_cmdline, false },
	{ PPROF "profile", handle_cpu, false },
	{ PPROF "symbol", handle_symbol, false },
	{ PPROF "goroutine", handle_goroutine, false },
	{ PPROF "threadcreate", handle_threadcreate, false },
	{ PPROF "heap", handle_heap, false },
	{ PPROF "allocs", handle_allocs, false },
	{ "/debug/pgo/top", handle_top, true },
	{ "/debug/pgo/goroutines", handle_goroutines, true },
	{ "/debug/pgo/sched", handle_sched, true },
	{ "/healthz", handle_healthz, true },
};

static const struct route *route_of(const char *path)
{
	static const struct route one = { ONE, handle_one, true };

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (!strcmp(path, routes[i].path))
			return &routes[i];
	return strncmp(path, ONE, sizeof(ONE) - 1) ? NULL : &one;
}

static void answer(struct serve *s, const struct http_request *rq,
		   struct http_reply *rp)
{
	const struct route *r = route_of(rq->path);

	if (!r && !strncmp(rq->path, PPROF, sizeof(PPROF) - 1)) {
		http_pprof_error(rp, 404, "Unknown profile");
	} else if (!r) {
		http_error(rp, 404, "404 page not found");
	} else if (r->get_only && strcmp(rq->method, "GET") &&
		   strcmp(rq->method, "HEAD")) {
		http_error(rp, 405, "Method Not Allowed");
		rp->allow = "GET, HEAD";
	} else {
		r->handle(s, rq, rp);
	}
}

void serve_answer(struct serve *s, const struct http_request *rq,
		  struct http_reply *rp)
{
	rp->body.cap = SERVE_ANSWER_MAX;
	if (guard_admits(&s->guard, rq, rp))
		answer(s, rq, rp);
	http_settle(rp);
}
