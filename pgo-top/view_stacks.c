/*
 * The Stacks view: a line for each group.  The screen of 80x24 is the one
 * designed for; smaller ones lose the header, then the headings and the two
 * lines at the bottom, and at last all but the count.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/snapshot/where.h"
#include "pgo-top/format.h"
#include "pgo-top/view_pages.h"

#define WHERE_FRAMES_MAX 8u
#define HEADER_NEEDS_ROWS 12    /* smaller screens have no header */
#define LIST_NEEDS_ROWS 3       /* smaller ones no list */

static const char footer[] = "F1Help Enter:Stack F3Search F4Filter F6SortBy "
			     "Space:Pause d:Delay F10Quit";

static int lines_above(int rows)
{
	if (rows >= HEADER_NEEDS_ROWS)
		return VIEW_HEADER_ROWS + 1;
	return rows > LIST_NEEDS_ROWS ? 1 : 0;
}

static int lines_below(int rows)
{
	return rows >= HEADER_NEEDS_ROWS ? 2 : rows > LIST_NEEDS_ROWS ? 1 : 0;
}

uint32_t view_list_rows(int rows)
{
	int n = rows - lines_above(rows) - lines_below(rows);

	return n < 1 ? 1 : (uint32_t)n;
}

/* Calls for each column that fits: numbers end at their right edge. */
static void cell_text(const struct view *v, const struct group *one, int field,
		      struct grid *g, int y, int x)
{
	const struct field *f = &group_fields[field];
	struct buf where = { 0 };
	char text[FORMAT_BYTES];

	if (field == GROUP_REASON) {
		grid_text(g, y, x, f->width, LOOK_PLAIN,
			  group_reason(&v->shown, one));
	} else if (field == GROUP_WHERE) {
		where_put(v->shown.snapshot, one->stack, one->state,
			  WHERE_FRAMES_MAX, &where);
		grid_text(g, y, x, 0, LOOK_PLAIN, buf_str(&where));
		buf_release(&where);
	} else if (field == GROUP_RATE && !one->rated) {
		grid_right(g, y, x, f->width, LOOK_PLAIN, "-");
	} else {
		format_number(text, one->number[field], f->unit, f->width);
		grid_right(g, y, x, f->width, LOOK_PLAIN, text);
	}
}

void view_group(const struct view *v, const struct group *one, struct grid *g,
		int y)
{
	int x = 0;

	for (int i = 0; i < GROUP_FIELDS && x < g->cols; i++) {
		cell_text(v, one, i, g, y, x);
		x += group_fields[i].width + 1;
	}
}

void view_columns(const struct view *v, struct grid *g, int y)
{
	int x = 0;

	for (int i = 0; i < GROUP_FIELDS && x < g->cols; i++) {
		const struct field *f = &group_fields[i];
		uint32_t look = i == (int)v->order.by ?
				LOOK_BOLD | LOOK_REVERSE : LOOK_BOLD;

		if (i < GROUP_NUMBERS)
			grid_right(g, y, x, f->width, look, f->column);
		else
			grid_text(g, y, x, f->width, look, f->column);
		x += f->width + 1;
	}
}

static void status(const struct view *v, struct grid *g, int y, uint32_t last)
{
	char total[FORMAT_BYTES];

	if (v->prompt[0]) {
		grid_text(g, y, 0, 0, LOOK_BOLD, v->prompt);
		return;
	}
	if (v->message[0]) {
		grid_text(g, y, 0, 0, LOOK_BOLD | LOOK_YELLOW, v->message);
		return;
	}
	format_number(total, v->shown.goroutines, UNIT_COUNT, 12);
	grid_printf(g, y, 0, LOOK_PLAIN,
		    "%" PRIu32 "-%" PRIu32 " of %" PRIu32 " stacks, %s "
		    "goroutines  sort: %s %s  filter: %s",
		    v->shown.n ? v->top + 1 : 0, last, v->shown.n, total,
		    group_fields[v->order.by].column,
		    v->order.descending ? "v" : "^",
		    v->filter[0] ? v->filter : "none");
}

static void draw_list(const struct view *v, struct grid *g)
{
	uint32_t rows = view_list_rows(g->rows), last = v->top;
	int y = lines_above(g->rows);

	for (uint32_t i = 0; i < rows && v->top + i < v->shown.n; i++, y++) {
		last = v->top + i + 1;
		view_group(v, &v->shown.at[v->top + i], g, y);
		if (v->top + i == v->cursor)
			grid_row_look(g, y, LOOK_REVERSE);
	}
	if (lines_below(g->rows) >= 1)
		status(v, g, g->rows - lines_below(g->rows), last);
	if (lines_below(g->rows) == 2) {
		grid_text(g, g->rows - 1, 0, 0, LOOK_PLAIN, footer);
		grid_row_look(g, g->rows - 1, LOOK_CYAN);
	}
}

/* The one line of a screen too small for a list. */
static void draw_count(const struct view *v, struct grid *g)
{
	char total[FORMAT_BYTES];

	format_number(total, v->shown.goroutines, UNIT_COUNT, 12);
	grid_printf(g, 0, 0, LOOK_BOLD, "%s%s Gs", v->trouble[0] ? "GONE " : "",
		    total);
}

void view_draw_stacks(const struct view *v, struct grid *g)
{
	if (g->rows < LIST_NEEDS_ROWS || g->cols < 10) {
		draw_count(v, g);
		return;
	}
	if (g->rows >= HEADER_NEEDS_ROWS)
		view_header(v, g, 0);
	if (lines_above(g->rows))
		view_columns(v, g, lines_above(g->rows) - 1);
	draw_list(v, g);
}
