#include "lib/snapshot/source_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Bytes of PATH without a slash at its end. */
static int before_slash(const char *path)
{
	size_t n = strlen(path);

	return (int)(n && path[n - 1] == '/' ? n - 1 : n);
}

static int fetch(void *ctx, const char *path, size_t cap, struct buf *body,
		 struct err *e)
{
	struct place *at = ctx;
	char full[HTTP_PATH_BYTES];
	struct http_request rq = {
		.path = full,
		.accept = "application/json",
		.deadline_ns = clock_mono_ns() + SOURCE_URL_DEADLINE_NS,
		.max = cap,
		.waiting = waiting,
		.ctx = at,
	};
	struct http_answer answer;
	int rc;

	if (snprintf(full, sizeof(full), "%.*s%s", before_slash(at->url.path),
		     at->url.path, path) >= (int)sizeof(full))
		return err_set(e, -ENAMETOOLONG, "%s", path);
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
