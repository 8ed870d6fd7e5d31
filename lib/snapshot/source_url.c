#include "lib/snapshot/source_url.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/snapshot/source_agent.h"

struct place {
	struct http_url url;
	const atomic_bool *stop;
};

static int waiting(void *ctx)
{
	const struct place *at = ctx;

	return at->stop && atomic_load(at->stop) ? -ECANCELED : 0;
}

static int fetch(void *ctx, const char *path, size_t cap, struct buf *body,
		 struct err *e)
{
	struct place *at = ctx;
	struct http_request rq = {
		.path = path,
		.accept = "application/json",
		.deadline_ns = clock_mono_ns() + SOURCE_URL_DEADLINE_NS,
		.max = cap,
		.waiting = waiting,
		.ctx = at,
	};
	struct http_answer answer;
	int rc;

	rc = http_fetch(&at->url, &rq, &answer, e);
	if (rc == 0)
		buf_put(body, answer.body.data, answer.body.len);
	http_answer_release(&answer);
	return rc;
}

int source_url_open(struct source **out, const struct http_url *u,
		    const atomic_bool *stop)
{
	struct place *at = malloc(sizeof(*at));
	int rc;

	if (!at)
		return -ENOMEM;
	at->url = *u;
	at->stop = stop;
	rc = source_agent_open(out, fetch, at, free);
	if (rc < 0)
		free(at);
	return rc;
}
