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

/* Go leaves out its runtime's functions at the leaf, unless there is nothing
 * else, and always the one below all. */
static bool is_hidden(const struct provider *p, const struct serve_frame *f,
		      bool *show)
{
	if (!p->go)
		return false;
	*show |= strncmp(f->func, "runtime.", 8) &&
		 strncmp(f->func, "internal/runtime/", 17);
	return !*show || !strcmp(f->func, "runtime.goexit");
}

/* One stack, and what is done with each of its functions. */
struct lines {
	const struct provider *provider;
	const uint64_t *pcs;
	size_t n;
	bool all;               /* hide nothing at the leaf */
	void (*each)(void *ctx, const struct line *l);
	void *ctx;
};

/* How many functions EACH was called for. */
static size_t each_line(const struct lines *s)
{
	const struct provider *p = s->provider;
	bool show = s->all;
	size_t called = 0;

	for (size_t i = 0; i < s->n; i++) {
		uint64_t pc = s->pcs[i] - p->go;
		const struct serve_frame *f = NULL;
		size_t k = p->frames(p->ctx, serve_call(p, s->pcs[i], i), &f);
		struct line l = { .frame = NULL };

		snprintf(l.pc, sizeof(l.pc), "0x%" PRIx64, pc);
		if (!k) {
			show = true;
			called++;
			s->each(s->ctx, &l);
		}
		for (size_t j = 0; j < k; j++) {
			if (is_hidden(p, &f[j], &show))
				continue;
			l.frame = &f[j];
			snprintf(l.func, sizeof(l.func), "%s+0x%" PRIx64,
				 f[j].func, f[j].entry ? pc - f[j].entry : 0);
			called++;
			s->each(s->ctx, &l);
		}
	}
	return called;
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

/* As Go's fmt writes strings with %q, but for what lies beyond ASCII. */
static void put_quoted(struct buf *out, const char *s)
{
	buf_put_u8(out, '"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c == '\n' || c == '\t' || c == '\r')
			buf_printf(out, "\\%c", c == '\n' ? 'n' :
						c == '\t' ? 't' : 'r');
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_put_u8(out, c);
	}
	buf_put_u8(out, '"');
}

static void put_labels(struct buf *out, const char *at, size_t bytes)
{
	const char *end = at + bytes, *before = "";

	if (!bytes)
		return;
	buf_put_str(out, "# labels: {");
	while (at < end) {
		buf_put_str(out, before);
		put_quoted(out, at);
		buf_put_u8(out, ':');
		at += strlen(at) + 1;
		put_quoted(out, at);
		at += strlen(at) + 1;
		before = ", ";
	}
	buf_put_str(out, "}\n");
}

static void put_text_stack(const struct provider *p, struct buf *out,
			   const struct stacks *all, size_t id)
{
	const struct stack *st = &all->stacks[id];
	const uint64_t *pcs = stacks_pcs(all, id);
	struct table t = { .out = out };
	struct lines s = { p, pcs, st->n, false, measure, &t };

	buf_printf(out, "%" PRId64 " @", st->count);
	for (uint32_t i = 0; i < st->n; i++)
		buf_printf(out, " 0x%" PRIx64, pcs[i]);
	buf_put_u8(out, '\n');
	put_labels(out, stacks_labels(all, id), st->labels_bytes);
	s.all = each_line(&s) == 0;
	if (s.all)
		each_line(&s);
	s.each = put_line;
	/* Go's words for a stack without anything. */
	if (each_line(&s) == 0 && p->go)
		buf_put_str(out, "#\t0x0\n");
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
		put_text_stack(p, out, s, ids[i]);
	free(ids);
	return 0;
}
