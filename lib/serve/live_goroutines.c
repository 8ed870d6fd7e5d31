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

enum { ROWS_MAX = 1000000 };

static void put_created_by(struct json *j, const struct provider *p,
			   const struct serve_g *g)
{
	const struct serve_frame *f;
	size_t n;

	if (!g->created_pc)
		return;
	n = p->frames(p->ctx, g->created_pc - 1, &f);
	json_key(j, "created_by");
	json_object_begin(j);
	if (n)
		live_string(j, "func", f->func);
	if (n && f->file[0])
		live_string(j, "file", f->file);
	if (n && f->line)
		live_uint(j, "line", f->line);
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
}

static void put_figures(struct json *j, const struct serve_g *g)
{
	live_uint(j, "stack_bytes", g->stack_bytes);
	live_uint(j, "stack_used", g->stack_used);
	live_uint(j, "segments", g->segments);
	live_uint(j, "grows", g->grows);
	live_uint(j, "shrinks", g->shrinks);
	live_uint(j, "enters", g->enters);
	live_uint(j, "parks", g->parks);
	if (g->m >= 0)
		live_int(j, "m", g->m);
	if (g->p >= 0)
		live_int(j, "p", g->p);
	if (!g->wait_on)
		return;
	json_key(j, "wait_on");
	json_hex(j, g->wait_on);
}

/* All of it but the stack. */
static void put_row(struct json *j, const struct provider *p,
		    const struct serve_g *g)
{
	live_int(j, "id", g->id);
	live_string(j, "state", state_name(g->state));
	if (g->state == SERVE_WAITING && g->reason && *g->reason)
		live_string(j, "reason", g->reason);
	live_int(j, "since_ns", g->since_ns);
	put_created_by(j, p, g);
	put_entry(j, p, g);
	put_figures(j, g);
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
		int64_t id = g.g.torn ? -ENODATA :
					stacks_add(stacks, g.pcs, g.n, 1);

		json_object_begin(j);
		put_row(j, p, &g.g);
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

void handle_goroutines(struct serve *s, const struct http_request *rq,
		       struct http_reply *rp)
{
	const struct provider *p = s->provider;
	int64_t offset = 0, limit = ROWS_MAX;
	struct stacks stacks = { 0 };
	struct serve_sched sched;
	struct json j;

	if (!in_range(rq, "offset", 0, UINT32_MAX, &offset, rp) ||
	    !in_range(rq, "limit", 1, ROWS_MAX, &limit, rp))
		return;
	rp->type = HTTP_JSON;
	p->sched(p->ctx, &sched);
	live_begin(&j, &rp->body);
	live_int(&j, "pid", p->pid);
	live_string(&j, "exe", p->exe);
	live_int(&j, "total", sched.goroutines);
	put_rows(&j, p, &stacks, (uint32_t)offset, limit);
	put_stacks(&j, p, &stacks);
	json_object_end(&j);
	stacks_release(&stacks);
}

void handle_one(struct serve *s, const struct http_request *rq,
		struct http_reply *rp)
{
	const struct provider *p = s->provider;
	const char *name = strrchr(rq->path, '/') + 1;
	char query[64];
	struct goroutine g;
	struct json j;
	int64_t id;

	/* The same reader of numbers as for parameters. */
	snprintf(query, sizeof(query), "id=%.40s", name);
	if (strpbrk(name, "%&;+") || http_query_int(query, "id", &id) ||
	    !goroutine_find(p, id, &g)) {
		http_error(rp, 404, "no such goroutine");
		return;
	}
	rp->type = HTTP_JSON;
	live_begin(&j, &rp->body);
	json_key(&j, "goroutine");
	json_object_begin(&j);
	put_row(&j, p, &g.g);
	if (!g.g.torn)
		live_frames(&j, p, g.pcs, g.n);
	json_object_end(&j);
	json_object_end(&j);
}
