/* Goroutines one by one, as Go's debug=2. */
#include "lib/serve/goroutines.h"
#include "lib/serve/handlers.h"
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

static void put_pc(const struct provider *p, const struct text_sink *t,
		   uint64_t pc, uint64_t call)
{
	const struct serve_frame *f;
	size_t n = p->frames(p->ctx, call, &f);

	if (!n)
		traceback_frame(t, NULL, NULL, 0, 0);
	for (size_t i = 0; i < n; i++)
		traceback_frame(t, f[i].func, f[i].file, f[i].line,
				offset_in(&f[i], pc));
}

static void put_created_by(const struct provider *p, const struct text_sink *t,
			   const struct serve_g *g)
{
	const struct serve_frame *f;
	size_t n;

	if (!g->created_pc)
		return;
	n = p->frames(p->ctx, g->created_pc - 1, &f);
	if (n)
		traceback_created_by(t, f->func, (uint64_t)g->parent_id,
				     f->file, f->line,
				     offset_in(f, g->created_pc));
	else
		traceback_created_by(t, NULL, (uint64_t)g->parent_id, NULL, 0,
				     0);
}

static void put_goroutine(const struct provider *p, const struct text_sink *t,
			  const struct goroutine *g)
{
	uint64_t minutes = 0;

	if (g->g.state == SERVE_WAITING || g->g.state == SERVE_SYSCALL)
		minutes = (uint64_t)(g->g.since_ns / MINUTE_NS);
	traceback_header(t, (uint64_t)g->g.id, goroutine_state(&g->g), minutes,
			 g->g.torn ? "stack not read" : NULL);
	for (uint32_t i = 0; i < g->n; i++)
		put_pc(p, t, g->pcs[i], g->pcs[i] - (i > 0));
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
