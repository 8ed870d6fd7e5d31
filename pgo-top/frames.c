/* The frames of the stack that is shown whole; below, where there is room, the
 * source around the selected one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/snapshot/where.h"
#include "pgo-top/list.h"

#define SOURCE_NEEDS_ROWS 9     /* of what is left for both */
#define SOURCE_ROWS_MAX 15

/* Why there is no stack. */
static const char *why_none(const struct view *v)
{
	const struct detail *d = v->detail;
	const struct snap_row *row;

	if (v->list == LIST_STACKS)
		return "not known: they ran or moved while they were read";
	row = &v->frame->snapshot.rows[v->open_at];
	if (d && d->id == (int64_t)v->open && d->trouble.text[0])
		return d->trouble.text;
	if (row->moving)
		return "not known: it moved while it was read";
	return "not known: it ran while it was read";
}

static void put_frame(const struct view *v, const struct snapshot *s,
		      const struct snap_frame *f, uint32_t i, struct grid *g,
		      int y)
{
	int half = g->cols / 2 < 24 ? 24 : g->cols / 2;
	bool runtime = frame_is_runtime(s, f), on = i == v->frame_at;
	uint32_t look = on ? LOOK_BOLD | LOOK_CYAN :
			runtime ? LOOK_DIM : LOOK_PLAIN;
	struct buf name = { 0 };

	frame_name(s, f, &name);
	grid_printf(g, y, 0, look, "%c%2" PRIu32 "%c", on ? '>' : ' ', i,
		    runtime ? 'r' : ' ');
	grid_text(g, y, 5, half - 6, look, buf_str(&name));
	buf_release(&name);
	if (f->file && f->line)
		grid_printf(g, y, half, look, "%s:%" PRIu32 "%s",
			    snapshot_string(s, f->file), f->line,
			    f->inlined ? " (inlined)" : "");
	else
		grid_text(g, y, half, 0, look,
			  f->file ? snapshot_string(s, f->file) : "-");
}

/* The source of the selected frame, NULL while it is not had. */
static const struct listing *source_of(const struct view *v)
{
	struct listing_want want;
	int64_t id;

	view_wants(v, &id, &want);
	if (!v->listing || v->listing->n == 0 || want.line == 0 ||
	    want.line != v->listing->of.line ||
	    strcmp(want.file, v->listing->of.file) != 0)
		return NULL;
	return v->listing;
}

static void put_source(const struct listing *l, struct grid *g, int y, int rows)
{
	uint32_t half = (uint32_t)rows / 2;
	uint32_t at = l->of.line > l->first + half ? l->of.line - half :
						     l->first;

	for (; rows-- > 0 && at < l->first + l->n; at++, y++) {
		bool on = at == l->of.line;

		grid_printf(g, y, 0, on ? LOOK_BOLD | LOOK_CYAN : LOOK_PLAIN,
			    "%c%5" PRIu32 "  %s", on ? '>' : ' ', at,
			    l->lines[at - l->first]);
	}
}

static void put_line(struct grid *g, int y)
{
	for (int x = 0; x < g->cols; x++)
		grid_text(g, y, x, 1, LOOK_PLAIN, "-");
}

void frames_draw(const struct view *v, struct grid *g, int y)
{
	const struct listing *source = source_of(v);
	int rows = g->rows - y - 2, source_rows = 0;
	const struct snapshot *s;
	uint32_t stack = view_stack(v, &s), depth, first = 0;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);

	grid_text(g, y++, 0, 0, LOOK_BOLD,
		  "  #  FUNCTION, innermost first; r: the runtime's");
	if (source && rows >= SOURCE_NEEDS_ROWS) {
		source_rows = rows / 2 < SOURCE_ROWS_MAX ? rows / 2 :
							   SOURCE_ROWS_MAX;
		rows -= source_rows + 1;
	}
	if (!f)
		grid_printf(g, y, 0, LOOK_PLAIN, "  -  %s", why_none(v));
	if (rows > 0 && v->frame_at >= (uint32_t)rows)
		first = v->frame_at - (uint32_t)rows + 1;
	for (int i = 0; i < rows && first + (uint32_t)i < depth; i++)
		put_frame(v, s, &f[first + (uint32_t)i], first + (uint32_t)i,
			  g, y + i);
	if (!source_rows)
		return;
	put_line(g, y + rows);
	put_source(source, g, y + rows + 1, source_rows);
}
