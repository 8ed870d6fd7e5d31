#include "lib/snapshot/source_pprof.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/snapshot/parse.h"
#include "lib/snapshot/parse_pprof.h"

struct pprof {
	struct source source;
	source_fetch_fn *fetch;
	void *ctx;
	struct source_info info;
	bool full, asked_name;
};

/* Its program, by the first of its arguments; where that is not told, it stays
 * unknown. */
static void ask_name(struct pprof *p)
{
	struct buf body = { 0 };
	struct err e = { 0 };

	p->asked_name = true;
	if (p->fetch(p->ctx, "/debug/pprof/cmdline", PARSE_BODY_MAX, &body,
		     &e) == 0)
		snprintf(p->info.exe, sizeof(p->info.exe), "%s",
			 buf_str(&body));
	buf_release(&body);
}

static int refresh(struct source *src, struct snapshot *s, struct err *e)
{
	struct pprof *p = (struct pprof *)src;
	const char *path = p->full ? "/debug/pprof/goroutine?debug=2" :
			   "/debug/pprof/goroutine?debug=1";
	struct buf body = { 0 };
	int rc;

	s->mono_ns = clock_mono_ns();
	rc = p->fetch(p->ctx, path, PARSE_BODY_MAX, &body, e);
	if (rc == 0) {
		rc = parse_pprof(s, (const char *)body.data, body.len,
				 p->full, e);
		if (rc < 0)
			err_of(e, "%s", path);
	}
	buf_release(&body);
	s->time_ns = clock_wall_ns();
	s->cost_ns = clock_mono_ns() - s->mono_ns;
	if (rc == 0 && !p->asked_name)
		ask_name(p);
	return rc;
}

static void info(const struct source *src, struct source_info *out)
{
	*out = ((const struct pprof *)src)->info;
}

static void close_pprof(struct source *src)
{
	free(src);
}

int source_pprof_open(struct source **out, source_fetch_fn *fetch, void *ctx,
		      bool full)
{
	static const struct source_ops ops = {
		.refresh = refresh, .info = info, .close = close_pprof,
	};
	struct pprof *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->source.ops = &ops;
	p->fetch = fetch;
	p->ctx = ctx;
	p->full = full;
	p->info.kind = "url";
	p->info.pid = SNAP_UNKNOWN;
	snprintf(p->info.note, sizeof(p->info.note), "%s", full ?
		 "by debug=2, which stops the program while it is written" :
		 "stacks only: net/http/pprof tells no ids, states, times");
	*out = &p->source;
	return 0;
}
