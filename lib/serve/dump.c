/* Goroutines one by one, as Go's debug=2. */
#include <stdio.h>

#include "lib/serve/goroutines.h"
#include "lib/serve/handlers.h"
#include "lib/snapshot/goframe.h"
#include "lib/wire/traceback.h"

#define MINUTE_NS (60 * INT64_C(1000000000))

static void put(void *ctx, const char *p, size_t n)
{
	buf_put(ctx, p, n);
}

static uint64_t offset_in(const struct serve_frame *f, uint64_t pc)
{
	return f->entry && pc > f->entry ? pc - f->entry : 0;
}

/* Functions are shown as Go's own dumps show them, which leave the runtime's
 * out, unless there is nothing else. */
struct shown {
	const struct provider *provider;
	const struct text_sink *to;
	bool all;
	bool leaf;              /* the next one is the innermost */
	uint32_t n;
};

static bool is_shown(const struct shown *s, const struct serve_frame *f)
{
	return s->all || !s->provider->go ||
	       goframe_is_shown(f->func, f->file, s->leaf);
}

static void put_frame(struct shown *s, const struct serve_frame *f, uint64_t pc)
{
	bool put = is_shown(s, f);

	s->leaf = false;
	s->n += put;
	if (put && s->to)
		/* Of one inlined there is no address. */
		traceback_frame(s->to, f->func, f->file, f->line,
				s->provider->go && f->inlined ?
					0 : offset_in(f, pc));
}

static void each_frame(struct shown *s, const struct goroutine *g)
{
	const struct provider *p = s->provider;

	for (uint32_t i = 0; i < g->n; i++) {
		uint64_t pc = g->pcs[i];
		const struct serve_frame *f;
		size_t n = p->frames(p->ctx, serve_call(p, pc, i), &f);

		if (!n && s->to)
			traceback_frame(s->to, NULL, NULL, 0, 0);
		for (size_t k = 0; k < n; k++)
			put_frame(s, &f[k], pc);
	}
}

static void put_frames(const struct provider *p, const struct text_sink *t,
		       const struct goroutine *g)
{
	struct shown s = { p, NULL, false, true, 0 };

	each_frame(&s, g);
	s = (struct shown){ p, t, s.n == 0, true, 0 };
	each_frame(&s, g);
}

static void put_created_by(const struct provider *p, const struct text_sink *t,
			   const struct serve_g *g)
{
	struct serve_frame f;
	uint64_t offset;

	if (goroutine_creator(p, g, &f, &offset)) {
		if (!p->go || goframe_is_shown(f.func, f.file, false))
			traceback_created_by(t, f.func, (uint64_t)g->parent_id,
					     f.file, f.line, offset);
	} else if (g->created_pc) {
		traceback_created_by(t, NULL, (uint64_t)g->parent_id, NULL, 0,
				     0);
	}
}

static void put_header(const struct text_sink *t, const struct serve_g *g)
{
	const char *torn = g->torn ? "stack not read" : "";
	uint64_t minutes = 0;
	char extra[64];

	if (g->since_ns > 0 &&
	    (g->state == SERVE_WAITING || g->state == SERVE_SYSCALL))
		minutes = (uint64_t)(g->since_ns / MINUTE_NS);
	snprintf(extra, sizeof(extra), "%s%s%s",
		 g->locked ? "locked to thread" : "",
		 g->locked && *torn ? ", " : "", torn);
	traceback_header(t, (uint64_t)g->id, goroutine_state(g), minutes,
			 extra);
}

static void put_goroutine(const struct provider *p, const struct text_sink *t,
			  const struct goroutine *g)
{
	put_header(t, &g->g);
	/* Go's own words for one whose thread it does not stop. */
	if (p->go && g->g.torn && g->g.state == SERVE_RUNNING)
		text_put(t, "\tgoroutine running on other thread; "
			    "stack unavailable\n");
	else
		put_frames(p, t, g);
	put_created_by(p, t, &g->g);
}

void dump_write(const struct provider *p, struct buf *out)
{
	const struct text_sink t = { put, out };
	struct goroutine g;
	uint32_t slot = 0;

	while (!buf_error(out) && goroutine_next(p, &slot, &g)) {
		if (out->len)
			buf_put_u8(out, '\n');
		put_goroutine(p, &t, &g);
	}
}
