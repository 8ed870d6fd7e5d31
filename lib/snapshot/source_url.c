#include "lib/snapshot/source_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/snapshot/source_pprof.h"

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

/* Either kind --------------------------------------------------------------*/

struct url {
	struct source source;
	struct source *agent, *pprof;
	struct source *found;           /* the one that answered; NULL: none */
};

/* An agent has our pages; without them it may be Go's own server. */
static int refresh(struct source *src, struct snapshot *s, struct err *e)
{
	struct url *u = (struct url *)src;
	struct source *one = u->found ? u->found : u->agent;
	int rc = source_refresh(one, s, e);

	if (rc == -ENOENT && !u->found) {
		snapshot_release(s);
		one = u->pprof;
		rc = source_refresh(one, s, e);
	}
	if (rc == 0)
		u->found = one;
	return rc;
}

static int fold(struct source *src, struct snapshot *s, struct groups *g,
		struct err *e)
{
	const struct url *u = (const struct url *)src;

	return source_fold(u->found ? u->found : u->agent, s, g, e);
}

static int detail(struct source *src, int64_t id, struct snapshot *s,
		  struct err *e)
{
	const struct url *u = (const struct url *)src;

	return source_detail(u->found ? u->found : u->agent, id, s, e);
}

static void info(const struct source *src, struct source_info *out)
{
	const struct url *u = (const struct url *)src;

	source_info(u->found ? u->found : u->agent, out);
}

static void close_url(struct source *src)
{
	struct url *u = (struct url *)src;

	source_close(u->pprof);
	source_close(u->agent);
	free(u);
}

int source_url_open(struct source **out, const struct http_url *address,
		    const atomic_bool *stop, bool full)
{
	static const struct source_ops ops = {
		.refresh = refresh, .info = info, .close = close_url,
		.detail = detail, .fold = fold,
	};
	struct place *at = malloc(sizeof(*at));
	struct url *u = calloc(1, sizeof(*u));

	if (!at || !u ||
	    source_agent_open(&u->agent, fetch, at, free) < 0) {
		free(at);
		free(u);
		return -ENOMEM;
	}
	at->url = *address;
	at->stop = stop;
	u->source.ops = &ops;
	if (source_pprof_open(&u->pprof, fetch, at, full) < 0) {
		close_url(&u->source);
		return -ENOMEM;
	}
	*out = &u->source;
	return 0;
}
