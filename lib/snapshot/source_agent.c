/*
 * A page at a time: the tree of one answer is the largest thing in memory
 * besides the rows themselves.  Goroutines move between slots while pages are
 * read, so one may be missed or, having moved on, be seen twice; rows seen
 * twice are not looked for.
 */
#include "lib/snapshot/source_agent.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/snapshot/parse.h"

/* Programs with too many stacks rarely have few a moment later. */
#define FOLD_AGAIN 30

struct agent {
	struct source source;
	source_fetch_fn *fetch;
	void *ctx;
	void (*close_ctx)(void *ctx);
	struct buf body;
	struct source_info info;
	int unfolded;           /* refreshes until folding is tried again */
};

static int get(struct agent *a, const char *path, struct err *e)
{
	int rc;

	buf_reset(&a->body);
	rc = a->fetch(a->ctx, path, PARSE_BODY_MAX, &a->body, e);
	if (rc == 0 && buf_error(&a->body))
		rc = err_set(e, buf_error(&a->body), "%s", path);
	return rc;
}

static int get_sched(struct agent *a, struct snapshot *s, struct err *e)
{
	static const char path[] = "/debug/pgo/sched";
	int rc = get(a, path, e);

	if (rc < 0)
		return rc;
	rc = parse_sched(s, (const char *)a->body.data, a->body.len, e);
	return rc < 0 ? err_of(e, "%s", path) : 0;
}

static int get_page(struct agent *a, struct snapshot *s, int64_t *slot,
		    struct err *e)
{
	char path[96];
	int64_t next;
	int rc;

	snprintf(path, sizeof(path), "/debug/pgo/goroutines?offset=%" PRId64
		 "&limit=%d", *slot, SOURCE_AGENT_PAGE);
	rc = get(a, path, e);
	if (rc < 0)
		return rc;
	rc = parse_goroutines(s, (const char *)a->body.data, a->body.len,
			      &next, e);
	if (rc < 0)
		return err_of(e, "/debug/pgo/goroutines");
	if (next != SNAP_UNKNOWN && next <= *slot)
		return err_say(e, -EBADMSG, "/debug/pgo/goroutines: the next "
			       "page is not behind this one");
	*slot = next;
	return 0;
}

static void remember(struct agent *a, const struct snapshot *s)
{
	a->info.pid = s->pid;
	snprintf(a->info.exe, sizeof(a->info.exe), "%s",
		 snapshot_string(s, s->exe));
}

static int refresh(struct source *src, struct snapshot *s, struct err *e)
{
	struct agent *a = (struct agent *)src;
	int64_t slot = 0;
	int rc;

	s->mono_ns = clock_mono_ns();
	rc = get_sched(a, s, e);
	while (rc == 0 && slot != SNAP_UNKNOWN &&
	       s->row_count < SNAP_ROWS_MAX)
		rc = get_page(a, s, &slot, e);
	s->cost_ns = clock_mono_ns() - s->mono_ns;
	if (rc < 0)
		return rc;
	if (slot != SNAP_UNKNOWN && s->total > s->row_count)
		s->dropped += s->total - s->row_count;
	remember(a, s);
	return 0;
}

static int fold(struct source *src, struct snapshot *s, struct groups *g,
		struct err *e)
{
	static const char path[] = "/debug/pgo/top";
	struct agent *a = (struct agent *)src;
	int rc;

	if (a->unfolded > 0 && a->unfolded--)
		return err_say(e, -ERANGE, "too many stacks");
	s->mono_ns = clock_mono_ns();
	rc = get(a, path, e);
	/* Of an agent that has no such page. */
	if (rc == -ENOENT)
		rc = -EOPNOTSUPP;
	if (rc == 0) {
		rc = parse_top(s, g, (const char *)a->body.data, a->body.len,
			       e);
		if (rc < 0)
			err_of(e, "%s", path);
	}
	if (rc == 0)
		rc = get_sched(a, s, e);
	s->cost_ns = clock_mono_ns() - s->mono_ns;
	if (rc == 0)
		remember(a, s);
	if (rc == -ERANGE || rc == -EOPNOTSUPP)
		a->unfolded = FOLD_AGAIN;
	return rc;
}

static int detail(struct source *src, int64_t id, struct snapshot *s,
		  struct err *e)
{
	struct agent *a = (struct agent *)src;
	char path[64];
	int rc;

	s->mono_ns = clock_mono_ns();
	snprintf(path, sizeof(path), "/debug/pgo/goroutine/%" PRId64, id);
	rc = get(a, path, e);
	if (rc == 0) {
		rc = parse_goroutine(s, (const char *)a->body.data,
				     a->body.len, e);
		if (rc < 0)
			err_of(e, "%s", path);
	}
	s->cost_ns = clock_mono_ns() - s->mono_ns;
	return rc;
}

static void info(const struct source *src, struct source_info *out)
{
	*out = ((const struct agent *)src)->info;
}

static void close_agent(struct source *src)
{
	struct agent *a = (struct agent *)src;

	if (a->close_ctx)
		a->close_ctx(a->ctx);
	buf_release(&a->body);
	free(a);
}

int source_agent_open(struct source **out, source_fetch_fn *fetch, void *ctx,
		      void (*close_ctx)(void *ctx))
{
	static const struct source_ops ops = {
		.refresh = refresh, .info = info, .close = close_agent,
		.detail = detail, .fold = fold,
	};
	struct agent *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->source.ops = &ops;
	a->fetch = fetch;
	a->ctx = ctx;
	a->close_ctx = close_ctx;
	a->info.kind = "agent";
	a->info.pid = SNAP_UNKNOWN;
	*out = &a->source;
	return 0;
}
