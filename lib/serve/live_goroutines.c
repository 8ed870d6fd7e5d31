/*
 * /debug/pgo/goroutines and /debug/pgo/goroutine/ID.
 *
 * Rows are written as they are met; the stacks they name follow behind them,
 * each once.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/serve/handlers.h"
#include "lib/serve/live.h"
#include "lib/serve/stacks.h"

enum { ROWS_MAX = 1000000, TIMES_MAX_S = 86400 };

static void put_created_by(struct json *j, const struct provider *p,
			   const struct serve_g *g)
{
	struct serve_frame f;
	uint64_t offset;
	bool has = goroutine_creator(p, g, &f, &offset);

	if (!has && !g->created_pc)
		return;
	json_key(j, "created_by");
	json_object_begin(j);
	if (has)
		live_string(j, "func", f.func);
	if (has && f.file[0])
		live_string(j, "file", f.file);
	if (has && f.line)
		live_uint(j, "line", f.line);
	if (g->parent_id)
		live_int(j, "goroutine", g->parent_id);
	json_object_end(j);
}

static void put_entry(struct json *j, const struct provider *p,
		      const struct serve_g *g)
{
	const struct serve_frame *f;
	size_t n = g->entry_pc ? p->frames(p->ctx, g->entry_pc, &f) : 0;

	if (n)
		live_string(j, "entry", f[n - 1].func);
	else if (g->entry && *g->entry)
		live_string(j, "entry", g->entry);
}

static void put_labels(struct json *j, const struct serve_g *g)
{
	const char *at = g->labels, *end = at + g->labels_bytes;

	if (!g->labels_bytes)
		return;
	json_key(j, "labels");
	json_object_begin(j);
	while (at < end) {
		const char *value = at + strlen(at) + 1;

		live_string(j, at, value);
		at = value + strlen(value) + 1;
	}
	json_object_end(j);
}

static void put_figures(struct json *j, const struct serve_g *g)
{
	live_known(j, "stack_bytes", g->stack_bytes, SERVE_UNKNOWN);
	live_known(j, "stack_used", g->stack_used, SERVE_UNKNOWN);
	live_known(j, "segments", g->segments, SERVE_UNKNOWN32);
	live_known(j, "grows", g->grows, SERVE_UNKNOWN32);
	live_known(j, "shrinks", g->shrinks, SERVE_UNKNOWN32);
	live_known(j, "enters", g->enters, SERVE_UNKNOWN);
	live_known(j, "parks", g->parks, SERVE_UNKNOWN32);
	if (g->m >= 0)
		live_int(j, "m", g->m);
	if (g->p >= 0)
		live_int(j, "p", g->p);
	if (!g->wait_on)
		return;
	json_key(j, "wait_on");
	json_hex(j, g->wait_on);
}

static void put_life(struct json *j, const struct provider *p,
		     const struct goroutine *g)
{
	struct serve_life life;

	if (!p->life || !p->life(p->ctx, g->slot, g->g.id, &life))
		return;
	live_uint(j, "runs", life.runs);
	if (life.last_p >= 0)
		live_int(j, "last_p", life.last_p);
	if (life.woken_by)
		live_int(j, "woken_by", life.woken_by);
	if (!life.has_times)
		return;
	live_int(j, "run_ns", life.run_ns);
	live_int(j, "ready_ns", life.ready_ns);
	live_int(j, "blocked_ns", life.blocked_ns);
}

/* All of it but the stack. */
static void put_row(struct json *j, const struct provider *p,
		    const struct goroutine *from)
{
	const struct serve_g *g = &from->g;

	live_int(j, "id", g->id);
	live_string(j, "state", state_name(g->state));
	if (g->state == SERVE_WAITING && g->reason && *g->reason)
		live_string(j, "reason", g->reason);
	if (g->since_ns >= 0)
		live_int(j, "since_ns", g->since_ns);
	put_created_by(j, p, g);
	put_entry(j, p, g);
	put_labels(j, g);
	put_figures(j, g);
	put_life(j, p, from);
}

static void put_rows(struct json *j, const struct provider *p,
		     struct stacks *stacks, uint32_t slot, int64_t limit)
{
	struct goroutine g;
	bool more;

	json_key(j, "goroutines");
	json_array_begin(j);
	while ((more = goroutine_next(p, &slot, &g)) && limit-- > 0 &&
	       !buf_error(j->out)) {
		const struct stack_of of = { .pcs = g.pcs, .n = g.n };
		int64_t id = g.g.torn ? -ENODATA : stacks_add(stacks, &of, 1);

		json_object_begin(j);
		put_row(j, p, &g);
		if (id >= 0)
			live_int(j, "stack", id);
		json_object_end(j);
	}
	json_array_end(j);
	if (more)
		live_uint(j, "next", g.slot);
}

static void put_stacks(struct json *j, const struct provider *p,
		       const struct stacks *stacks)
{
	json_key(j, "stacks");
	json_array_begin(j);
	for (size_t id = 0; id < stacks->n && !buf_error(j->out); id++) {
		json_object_begin(j);
		live_uint(j, "id", id);
		live_frames(j, p, stacks_pcs(stacks, id),
			    stacks->stacks[id].n);
		json_object_end(j);
	}
	json_array_end(j);
}

/* NAME from 0 (offset) or 1 (limit) to MAX; false when it is something else. */
static bool in_range(const struct http_request *rq, const char *name,
		     int64_t low, int64_t max, int64_t *out,
		     struct http_reply *rp)
{
	int64_t v;
	int rc = http_query_int(rq->query, name, &v);

	if (rc == -ENOENT)
		return true;
	if (rc || v < low || v > max) {
		http_error(rp, 400, "invalid value for \"%s\" - must be from "
			   "%d to %lld", name, (int)low, (long long)max);
		return false;
	}
	*out = v;
	return true;
}

/* "times=SECONDS".  False: it is something else. */
static bool keep_times(const struct provider *p, const struct http_request *rq,
		       struct http_reply *rp)
{
	int64_t seconds = 0;

	if (!in_range(rq, "times", 1, TIMES_MAX_S, &seconds, rp))
		return false;
	if (seconds && p->keep_times)
		p->keep_times(p->ctx, seconds * INT64_C(1000000000));
	return true;
}

static void put_page(const struct provider *p, uint32_t slot, int64_t limit,
		     struct buf *out)
{
	struct stacks stacks = { 0 };
	struct serve_sched sched;
	struct json j;

	p->sched(p->ctx, &sched);
	live_begin(&j, out);
	live_int(&j, "pid", p->pid);
	live_string(&j, "exe", p->exe);
	live_int(&j, "total", sched.goroutines);
	put_rows(&j, p, &stacks, slot, limit);
	put_stacks(&j, p, &stacks);
	json_object_end(&j);
	stacks_release(&stacks);
}

void handle_goroutines(struct serve *s, const struct http_request *rq,
		       struct http_reply *rp)
{
	const struct provider *p = s->provider;
	int64_t offset = 0, limit = ROWS_MAX;

	if (!in_range(rq, "offset", 0, UINT32_MAX, &offset, rp) ||
	    !in_range(rq, "limit", 1, ROWS_MAX, &limit, rp) ||
	    !keep_times(p, rq, rp) || !look_begin(p, rp))
		return;
	rp->type = HTTP_JSON;
	put_page(p, (uint32_t)offset, limit, &rp->body);
	look_end(p);
}

static void put_one(const struct provider *p, int64_t id,
		    struct http_reply *rp)
{
	struct goroutine g;
	struct json j;

	if (!goroutine_find(p, id, &g)) {
		http_error(rp, 404, "no such goroutine");
		return;
	}
	rp->type = HTTP_JSON;
	live_begin(&j, &rp->body);
	json_key(&j, "goroutine");
	json_object_begin(&j);
	put_row(&j, p, &g);
	if (!g.g.torn)
		live_frames(&j, p, g.pcs, g.n);
	json_object_end(&j);
	json_object_end(&j);
}

void handle_one(struct serve *s, const struct http_request *rq,
		struct http_reply *rp)
{
	const char *name = strrchr(rq->path, '/') + 1;
	char query[64];
	int64_t id;

	/* The same reader of numbers as for parameters. */
	snprintf(query, sizeof(query), "id=%.40s", name);
	if (strpbrk(name, "%&;+") || http_query_int(query, "id", &id)) {
		http_error(rp, 404, "no such goroutine");
	} else if (keep_times(s->provider, rq, rp) &&
		   look_begin(s->provider, rp)) {
		put_one(s->provider, id, rp);
		look_end(s->provider);
	}
}
