/* Stacks in the text form that Go calls debug=1. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/serve/profile.h"

/* One line of the table under a stack; cells as Go's tabwriter aligns them. */
struct line {
	char pc[24];
	char func[512];
	const struct serve_frame *frame;
};

static size_t width(size_t cell)
{
	return (cell + 1 + 7) / 8 * 8;
}

static void put_cell(struct buf *out, const char *text, size_t column)
{
	size_t n = strlen(text);

	buf_put(out, text, n);
	for (; n < column; n = (n / 8 + 1) * 8)
		buf_put_u8(out, '\t');
}

/* Calls EACH for every function of the stack. */
static void each_line(const struct provider *p, const uint64_t *pcs, size_t n,
		      void (*each)(void *ctx, const struct line *l),
		      void *ctx)
{
	for (size_t i = 0; i < n; i++) {
		const struct serve_frame *f = NULL;
		size_t k = p->frames(p->ctx, pcs[i] - (i > 0), &f);
		struct line l = { .frame = NULL };

		snprintf(l.pc, sizeof(l.pc), "0x%" PRIx64, pcs[i]);
		if (!k)
			each(ctx, &l);
		for (size_t j = 0; j < k; j++) {
			l.frame = &f[j];
			snprintf(l.func, sizeof(l.func), "%s+0x%" PRIx64,
				 f[j].func,
				 f[j].entry ? pcs[i] - f[j].entry : 0);
			each(ctx, &l);
		}
	}
}

struct table {
	struct buf *out;
	size_t pc_width, func_width;
};

static void measure(void *ctx, const struct line *l)
{
	struct table *t = ctx;

	if (!l->frame)
		return;
	if (width(strlen(l->pc)) > t->pc_width)
		t->pc_width = width(strlen(l->pc));
	if (width(strlen(l->func)) > t->func_width)
		t->func_width = width(strlen(l->func));
}

static void put_line(void *ctx, const struct line *l)
{
	const struct table *t = ctx;

	buf_put_str(t->out, "#\t");
	if (!l->frame) {
		buf_printf(t->out, "%s\n", l->pc);
		return;
	}
	put_cell(t->out, l->pc, t->pc_width);
	put_cell(t->out, l->func, t->func_width);
	buf_printf(t->out, "%s:%u\n",
		   l->frame->file[0] ? l->frame->file : "\?\?",
		   l->frame->line);
}

static void put_text_stack(const struct provider *p, struct buf *out,
			   const struct stack *st, const uint64_t *pcs)
{
	struct table t = { .out = out };

	buf_printf(out, "%" PRId64 " @", st->count);
	for (uint32_t i = 0; i < st->n; i++)
		buf_printf(out, " 0x%" PRIx64, pcs[i]);
	buf_put_u8(out, '\n');
	each_line(p, pcs, st->n, measure, &t);
	each_line(p, pcs, st->n, put_line, &t);
	buf_put_u8(out, '\n');
}

int profile_text(const struct provider *p, const struct stacks *s,
		 const char *name, int64_t total, struct buf *out)
{
	uint32_t *ids = stacks_sorted(s);

	if (!ids)
		return -ENOMEM;
	buf_printf(out, "%s profile: total %" PRId64 "\n", name, total);
	for (size_t i = 0; i < s->n && s->stacks[ids[i]].count; i++)
		put_text_stack(p, out, &s->stacks[ids[i]],
			       stacks_pcs(s, ids[i]));
	free(ids);
	return 0;
}
