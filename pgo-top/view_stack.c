/* One stack, whole: what its goroutines do, and every frame with its place. */
#include "pgo-top/view_pages.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/snapshot/where.h"
#include "pgo-top/format.h"

#define ABOVE 4         /* lines above the frames */

static void numbers(const struct view *v, const struct group *one,
		    struct grid *g, int y)
{
	char text[FORMAT_BYTES];
	int x = 0;

	for (int i = 0; i < GROUP_NUMBERS; i++) {
		const struct field *f = &group_fields[i];

		format_number(text, i == GROUP_RATE && !one->rated ? 0 :
			      one->number[i], f->unit, 12);
		if (i == GROUP_RATE && !one->rated)
			snprintf(text, sizeof(text), "-");
		x = grid_printf(g, y, x, LOOK_PLAIN, "%s ", f->name);
		x = grid_text(g, y, x, 0, LOOK_BOLD, text) + 2;
	}
	grid_printf(g, y, x, LOOK_PLAIN, "%s", group_reason(&v->shown, one));
}

static void frame(const struct view *v, const struct snap_frame *f,
		  uint32_t index, struct grid *g, int y)
{
	const struct snapshot *s = v->shown.snapshot;
	int half = g->cols / 2 < 24 ? 24 : g->cols / 2;
	struct buf name = { 0 };

	frame_name(s, f, &name);
	grid_printf(g, y, 0, LOOK_PLAIN, "%3" PRIu32, index);
	grid_text(g, y, 4, half - 5, LOOK_BOLD, buf_str(&name));
	buf_release(&name);
	if (f->file && f->line)
		grid_printf(g, y, half, LOOK_PLAIN, "%s:%" PRIu32 "%s",
			    snapshot_string(s, f->file), f->line,
			    f->inlined ? " (inlined)" : "");
	else
		grid_printf(g, y, half, LOOK_PLAIN, "%s",
			    f->file ? snapshot_string(s, f->file) : "-");
}

void view_draw_stack(const struct view *v, struct grid *g)
{
	const struct group *one = &v->shown.at[v->cursor];
	const struct snap_frame *f;
	uint32_t depth;

	if (v->cursor >= v->shown.n) {
		grid_text(g, 0, 0, 0, LOOK_BOLD, "no such stack any more");
		return;
	}
	f = snapshot_frames(v->shown.snapshot, one->stack, &depth);
	grid_printf(g, 0, 0, LOOK_BOLD, "%s pid %" PRId64
		    "  stack %" PRIu32 " of %" PRIu32 ", %" PRIu32 " frames%s",
		    view_exe(v), v->frame->info.pid, v->cursor + 1,
		    v->shown.n, depth, v->paused ? "  [PAUSED]" : "");
	numbers(v, one, g, 1);
	grid_text(g, 3, 0, 0, LOOK_BOLD, "  #  FUNCTION, innermost first");
	for (uint32_t i = v->scroll; i < depth; i++)
		if ((int)(i - v->scroll) + ABOVE < g->rows - 1)
			frame(v, &f[i], i, g, (int)(i - v->scroll) + ABOVE);
	if (!f)
		grid_text(g, ABOVE, 0, 0, LOOK_PLAIN,
			  "  -  not known: they moved while they were read");
	if (g->rows > ABOVE + 1)
		grid_text(g, g->rows - 1, 0, 0, LOOK_CYAN,
			  "Esc back  arrows scroll  q quit");
}
