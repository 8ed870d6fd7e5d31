/* /debug/pgo/sched: the scheduler's figures, as JSON or as its line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/serve/handlers.h"
#include "lib/serve/live.h"
#include "lib/wire/schedtrace.h"

enum { MS_MAX = 65536 };

struct counted {
	struct serve_counts counts;
	bool known;
};

struct ps {
	uint32_t n;
	struct serve_p p[SCHED_PROCS_MAX];
	struct counted counts[SCHED_PROCS_MAX];
};

struct sched {
	struct serve_sched now;
	struct counted counts;          /* in all */
	struct ps ps;
	struct serve_m *ms;
	uint32_t n_ms;
	struct serve_losses losses;
};

static int read_ms(struct sched *d, const struct provider *p)
{
	uint32_t room = p->ms(p->ctx, NULL, 0);

	/* A few may be made meanwhile. */
	room = room + 16 < MS_MAX ? room + 16 : MS_MAX;
	d->ms = calloc(room, sizeof(*d->ms));
	if (!d->ms)
		return -ENOMEM;
	d->n_ms = p->ms(p->ctx, d->ms, room);
	if (d->n_ms > room)
		d->n_ms = room;
	return 0;
}

static void read_counts(struct counted *c, const struct provider *p,
			int32_t index)
{
	c->known = p->counts && p->counts(p->ctx, index, &c->counts);
}

static int read_all(struct sched *d, const struct provider *p)
{
	p->sched(p->ctx, &d->now);
	read_counts(&d->counts, p, -1);
	while (d->ps.n < SCHED_PROCS_MAX &&
	       p->p(p->ctx, d->ps.n, &d->ps.p[d->ps.n])) {
		read_counts(&d->ps.counts[d->ps.n], p, (int32_t)d->ps.n);
		d->ps.n++;
	}
	p->losses(p->ctx, &d->losses);
	return read_ms(d, p);
}

/* Text --------------------------------------------------------------------- */

static void put(void *ctx, const char *p, size_t n)
{
	buf_put(ctx, p, n);
}

static uint32_t known_or_0(uint32_t v)
{
	return v == SERVE_UNKNOWN32 ? 0 : v;
}

static void put_line(const struct sched *d, struct buf *out)
{
	const struct text_sink t = { put, out };
	struct sched_lists lists;
	const struct sched_line line = {
		.ms = (uint64_t)d->now.uptime_ns / 1000000,
		.gomaxprocs = (uint32_t)d->now.gomaxprocs,
		.idleprocs = d->now.idleprocs,
		.threads = d->now.threads,
		.spinningthreads = d->now.spinningthreads,
		.needspinning = known_or_0(d->now.needspinning),
		.idlethreads = d->now.idlethreads,
		.runqueue = d->now.runqueue,
		.nruns = d->ps.n,
		.runqs = lists.runqs,
		.schedticks = lists.schedticks,
		.has_gs = d->now.stack_bytes != SERVE_UNKNOWN,
		.gcount = (uint64_t)d->now.goroutines,
		.stackinuse = d->now.stack_bytes,
	};

	for (uint32_t i = 0; i < d->ps.n; i++) {
		lists.runqs[i] = d->ps.p[i].runq;
		lists.schedticks[i] = d->ps.p[i].tick;
	}
	sched_line_put(&t, &line);
}

/* JSON --------------------------------------------------------------------- */

static void put_figures(struct json *j, const struct serve_sched *s)
{
	live_int(j, "gomaxprocs", s->gomaxprocs);
	live_uint(j, "idleprocs", s->idleprocs);
	live_uint(j, "threads", s->threads);
	live_uint(j, "spinningthreads", s->spinningthreads);
	live_known(j, "needspinning", s->needspinning, SERVE_UNKNOWN32);
	live_uint(j, "idlethreads", s->idlethreads);
	live_uint(j, "runqueue", s->runqueue);
	live_int(j, "gcount", s->goroutines);
	live_known(j, "stackinuse", s->stack_bytes, SERVE_UNKNOWN);
	live_known(j, "bound", s->bound, SERVE_UNKNOWN32);
	live_known(j, "asyncpreempts", s->async_preempts, SERVE_UNKNOWN);
	live_known(j, "netpollwakes", s->netpoll_wakes, SERVE_UNKNOWN);
	live_int(j, "uptime_ns", s->uptime_ns);
}

static void put_counts(struct json *j, const struct counted *c)
{
	if (!c->known)
		return;
	live_uint(j, "creates", c->counts.creates);
	live_uint(j, "exits", c->counts.exits);
	live_uint(j, "retakes", c->counts.retakes);
	live_uint(j, "preempts", c->counts.preempts);
}

/* Of all Ps there ever were. */
static void put_all_counts(struct json *j, const struct counted *c)
{
	if (!c->known)
		return;
	live_uint(j, "steals", c->counts.steals);
	live_uint(j, "handoffs", c->counts.handoffs);
	put_counts(j, c);
}

static void put_lists(struct json *j, const struct ps *ps)
{
	json_key(j, "runqs");
	json_array_begin(j);
	for (uint32_t i = 0; i < ps->n; i++)
		json_uint(j, ps->p[i].runq);
	json_array_end(j);
	json_key(j, "schedticks");
	json_array_begin(j);
	for (uint32_t i = 0; i < ps->n; i++)
		json_uint(j, ps->p[i].tick);
	json_array_end(j);
}

static void put_ps(struct json *j, const struct ps *ps)
{
	json_key(j, "ps");
	json_array_begin(j);
	for (uint32_t i = 0; i < ps->n; i++) {
		const struct serve_p *p = &ps->p[i];

		json_object_begin(j);
		live_int(j, "id", p->id);
		live_int(j, "status", p->status);
		if (p->m >= 0)
			live_int(j, "m", p->m);
		live_uint(j, "runq", p->runq);
		live_uint(j, "tick", p->tick);
		live_known(j, "handoffs", p->handoffs, SERVE_UNKNOWN32);
		live_known(j, "steals", p->steals, SERVE_UNKNOWN);
		put_counts(j, &ps->counts[i]);
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_bool(struct json *j, const char *name, bool v)
{
	json_key(j, name);
	json_bool(j, v);
}

static void put_m(struct json *j, const struct serve_m *m)
{
	json_object_begin(j);
	live_uint(j, "id", m->id);
	live_int(j, "tid", m->tid);
	if (m->p >= 0)
		live_int(j, "p", m->p);
	if (m->g)
		live_int(j, "g", m->g);
	if (m->switches != SERVE_UNKNOWN) {
		live_uint(j, "switches", m->switches);
		live_uint(j, "calls", m->calls);
		put_bool(j, "spinning", m->spinning);
		put_bool(j, "in_c", m->in_c);
		put_bool(j, "bound", m->bound);
	}
	json_object_end(j);
}

static void put_json(const struct provider *p, const struct sched *d,
		     struct buf *out)
{
	struct json j;

	live_begin(&j, out);
	put_figures(&j, &d->now);
	put_all_counts(&j, &d->counts);
	put_lists(&j, &d->ps);
	put_ps(&j, &d->ps);
	json_key(&j, "ms");
	json_array_begin(&j);
	for (uint32_t i = 0; i < d->n_ms; i++)
		put_m(&j, &d->ms[i]);
	json_array_end(&j);
	json_key(&j, "losses");
	json_object_begin(&j);
	live_uint(&j, "ring_full", d->losses.ring_full);
	live_uint(&j, "no_thread", d->losses.no_thread);
	live_uint(&j, "no_room", d->losses.no_room);
	json_object_end(&j);
	live_string(&j, "names", p->names(p->ctx));
	json_object_end(&j);
}

static bool wants_text(const struct http_request *rq)
{
	int64_t debug;

	if (!http_query_int(rq->query, "debug", &debug))
		return debug > 0;
	return rq->accept && !strncmp(rq->accept, "text/plain", 10);
}

void handle_sched(struct serve *s, const struct http_request *rq,
		  struct http_reply *rp)
{
	struct sched *d = calloc(1, sizeof(*d));
	int rc = -ENOMEM;

	if (!look_begin(s->provider, rp))
		goto out;
	if (d)
		rc = read_all(d, s->provider);
	look_end(s->provider);
	if (rc) {
		http_error(rp, 500, "%s", strerror(-rc));
	} else if (wants_text(rq)) {
		put_line(d, &rp->body);
	} else {
		rp->type = HTTP_JSON;
		put_json(s->provider, d, &rp->body);
	}
out:
	if (d)
		free(d->ms);
	free(d);
}
