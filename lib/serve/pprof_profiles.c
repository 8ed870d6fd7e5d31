/*
 * /debug/pprof/: profiles.
 *
 * A goroutine or threadcreate profile over seconds= is the one at the end
 * less the one at the beginning.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/serve/goroutines.h"
#include "lib/serve/handlers.h"
#include "lib/serve/profile.h"

enum { CPU_SECONDS = 30, HZ = 100, HZ_MAX = 1000 };

#define SECOND_NS INT64_C(1000000000)

/* What the Go runtime says when it cannot wait as long as that. */
static bool too_long(const struct serve *s, const struct http_request *rq,
		     int64_t seconds, struct http_reply *rp)
{
	/* Nobody waits a year; more would not fit in nanoseconds. */
	if (seconds < 365 * 86400 && (!rq->tcp || seconds <= s->max_seconds))
		return false;
	http_pprof_error(rp, 400,
			 "profile duration exceeds server's WriteTimeout");
	return true;
}

static void put_profile(const struct profile *p, struct http_reply *rp)
{
	int rc = profile_write(p, &rp->body);

	if (rc && !buf_error(&rp->body))
		http_pprof_error(rp, 500, "%s", strerror(-rc));
}

/* CPU ---------------------------------------------------------------------- */

static void add_samples(void *ctx, const struct serve_sample *s)
{
	const struct stack_of of = { s->pcs, s->n, s->labels,
				     s->labels_bytes };

	stacks_add(ctx, &of, (int64_t)s->samples);
}

static void put_cpu(struct serve *s, const struct stacks *st, int64_t wall_ns,
		    int64_t duration_ns, int hz, struct http_reply *rp)
{
	const struct profile p = {
		.provider = s->provider,
		.stacks = st,
		.period_type = "cpu",
		.period_unit = "nanoseconds",
		.period = SECOND_NS / hz,
		.types = { { "samples", "count", 1 },
			   { "cpu", "nanoseconds", SECOND_NS / hz } },
		.n_types = 2,
		.wall_ns = wall_ns,
		.duration_ns = duration_ns,
	};

	http_attachment(rp, "profile", "");
	put_profile(&p, rp);
}

static void profile_cpu(struct serve *s, const struct http_request *rq,
			int64_t seconds, int hz, struct http_reply *rp)
{
	const struct provider *p = s->provider;
	struct stacks st = { 0 };
	int64_t wall_ns = clock_wall_ns(), mono_ns = clock_mono_ns();
	struct err e = { 0 };
	int rc = p->cpu_begin(p->ctx, hz, &e);

	if (rc) {
		http_pprof_error(rp, 500, "Could not enable CPU profiling: %s",
				 e.text[0] ? e.text : rc == -EBUSY ?
				 "cpu profiling already in use" :
				 strerror(-rc));
		return;
	}
	rq->wait(rq->ctx, seconds * SECOND_NS);
	rc = p->cpu_end(p->ctx, add_samples, &st);
	if (rc)
		http_pprof_error(rp, 500, "CPU profile: %s", strerror(-rc));
	else
		put_cpu(s, &st, wall_ns, clock_mono_ns() - mono_ns, hz, rp);
	stacks_release(&st);
}

void handle_cpu(struct serve *s, const struct http_request *rq,
		struct http_reply *rp)
{
	int64_t seconds, hz;
	int rc = http_query_int(rq->query, "seconds", &seconds);

	if (rc || seconds <= 0)
		seconds = CPU_SECONDS;
	rc = http_query_int(rq->query, "hz", &hz);
	if (rc == -ENOENT)
		hz = HZ;
	else if (rc || hz < 1 || hz > HZ_MAX) {
		http_pprof_error(rp, 400, "invalid value for \"hz\" - must be "
				 "from 1 to 1000");
		return;
	}
	if (!too_long(s, rq, seconds, rp))
		profile_cpu(s, rq, seconds, (int)hz, rp);
}

/* Counts ------------------------------------------------------------------- */

/* Something of which there is a number at every moment. */
struct counted {
	const char *name;
	/* Counts all, each COUNT, and says how many. */
	int64_t (*collect)(const struct provider *p, struct stacks *into,
			   int64_t count);
	/* debug=2 and above; NULL: as debug=1. */
	void (*dump)(const struct provider *p, struct buf *out);
};

static int64_t threads_count(const struct provider *p, struct stacks *into,
			     int64_t count)
{
	uint32_t n = p->ms(p->ctx, NULL, 0);
	uint64_t pcs[SERVE_PCS_MAX];
	struct stack_of of = { .pcs = pcs };

	if (!p->made_at)
		stacks_add(into, &of, n * count);
	for (uint32_t i = 0; p->made_at && i < n; i++) {
		of.n = p->made_at(p->ctx, i, pcs, SERVE_PCS_MAX);
		stacks_add(into, &of, count);
	}
	return n;
}

static const struct counted goroutine = { "goroutine", goroutines_count,
					  dump_write };
static const struct counted threadcreate = { "threadcreate", threads_count,
					     NULL };

static void put_counts(struct serve *s, const struct counted *c,
		       const struct stacks *st, int64_t duration_ns,
		       struct http_reply *rp)
{
	const struct profile p = {
		.provider = s->provider,
		.stacks = st,
		.period_type = c->name,
		.period_unit = "count",
		.period = 1,
		.types = { { c->name, "count", 1 } },
		.n_types = 1,
		.wall_ns = clock_wall_ns(),
		.duration_ns = duration_ns,
	};

	put_profile(&p, rp);
}

static void write_counts(struct serve *s, const struct counted *c,
			 int64_t debug, struct http_reply *rp)
{
	struct stacks st = { 0 };
	int64_t total;

	if (!look_begin(s->provider, rp))
		return;
	if (debug)
		rp->type = HTTP_TEXT;
	else
		http_attachment(rp, c->name, "");
	if (debug >= 2 && c->dump) {
		c->dump(s->provider, &rp->body);
		look_end(s->provider);
		return;
	}
	total = c->collect(s->provider, &st, 1);
	look_end(s->provider);
	if (debug <= 0)
		put_counts(s, c, &st, 0, rp);
	else if (profile_text(s->provider, &st, c->name, total, &rp->body))
		http_pprof_error(rp, 500, "%s", strerror(ENOMEM));
	stacks_release(&st);
}

static bool collect(struct serve *s, const struct counted *c,
		    struct stacks *into, int64_t count, struct http_reply *rp)
{
	if (!look_begin(s->provider, rp))
		return false;
	c->collect(s->provider, into, count);
	look_end(s->provider);
	return true;
}

static void write_delta(struct serve *s, const struct http_request *rq,
			const struct counted *c, int64_t seconds,
			struct http_reply *rp)
{
	struct stacks st = { 0 };
	int64_t mono_ns = clock_mono_ns();

	if (!collect(s, c, &st, -1, rp))
		return;
	if (rq->wait(rq->ctx, seconds * SECOND_NS)) {
		http_pprof_error(rp, 500, "context canceled");
	} else if (collect(s, c, &st, 1, rp)) {
		http_attachment(rp, c->name, "-delta");
		put_counts(s, c, &st, clock_mono_ns() - mono_ns, rp);
	}
	stacks_release(&st);
}

static void answer_counts(struct serve *s, const struct http_request *rq,
			  const struct counted *c, struct http_reply *rp)
{
	int64_t seconds, debug;
	int rc = http_query_int(rq->query, "seconds", &seconds);

	if (http_query_int(rq->query, "debug", &debug))
		debug = 0;
	if (rc == -ENOENT)
		write_counts(s, c, debug, rp);
	else if (rc || seconds <= 0)
		http_pprof_error(rp, 400, "invalid value for \"seconds\" - "
				 "must be a positive integer");
	else if (too_long(s, rq, seconds, rp))
		return;
	else if (debug)
		http_pprof_error(rp, 400,
				 "seconds and debug params are incompatible");
	else
		write_delta(s, rq, c, seconds, rp);
}

void handle_goroutine(struct serve *s, const struct http_request *rq,
		      struct http_reply *rp)
{
	answer_counts(s, rq, &goroutine, rp);
}

void handle_threadcreate(struct serve *s, const struct http_request *rq,
			 struct http_reply *rp)
{
	answer_counts(s, rq, &threadcreate, rp);
}

/* Memory ------------------------------------------------------------------- */

/* The program's own profile, of its last garbage collection: it is a file, and
 * nothing of it comes while one waits. */
static void answer_heap(struct serve *s, const struct http_request *rq,
			const char *name, bool allocs, struct http_reply *rp)
{
	const struct provider *p = s->provider;
	int64_t seconds, debug;
	struct err e = { 0 };

	if (!p->heap)
		http_pprof_error(rp, 404, "Unknown profile");
	else if (http_query_int(rq->query, "seconds", &seconds) != -ENOENT)
		http_pprof_error(rp, 400, "%s: no difference over seconds is "
				 "known", name);
	else if (!http_query_int(rq->query, "debug", &debug) && debug > 0)
		http_pprof_error(rp, 400, "%s: only a file, no text (leave "
				 "out debug=)", name);
	else if (p->heap(p->ctx, allocs, &rp->body, &e))
		http_pprof_error(rp, 500, "%s", e.text);
	else
		http_attachment(rp, name, "");
}

void handle_heap(struct serve *s, const struct http_request *rq,
		 struct http_reply *rp)
{
	answer_heap(s, rq, "heap", false, rp);
}

void handle_allocs(struct serve *s, const struct http_request *rq,
		   struct http_reply *rp)
{
	answer_heap(s, rq, "allocs", true, rp);
}
