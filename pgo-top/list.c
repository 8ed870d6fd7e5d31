/*
 * A list on the screen.  80x24 is the size designed for; smaller ones lose the
 * header, then the headings and the two lines at the bottom, and at last all
 * but the count.
 */
#include "pgo-top/list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pgo-top/format.h"

#define HEADER_NEEDS_ROWS 12    /* smaller screens have no header */
#define LIST_NEEDS_ROWS 3       /* smaller ones no list */
#define COLUMNS_MAX 16

static const char footer[] = "F1Help Tab:View Enter:Open F3Search F4Filter "
			     "F6SortBy Space:Pause F10Quit";

static int lines_above(int rows)
{
	if (rows >= HEADER_NEEDS_ROWS)
		return VIEW_HEADER_ROWS + 2;
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

/* Columns -------------------------------------------------------------------*/

/* A column on this screen. */
struct span {
	const struct field *field;
	int index;              /* of the field */
	int x;
	int width;              /* 0: to the end of the line */
};

/* Lays L's columns out on a screen of COLS: those with a share divide what the
 * others leave.  How many there are. */
static int lay_out(const struct list *l, int cols, struct span out[COLUMNS_MAX])
{
	int n = 0, left = cols, shares = 0, x = 0;

	for (int i = 0; i < l->column_count; i++) {
		const struct list_column *c = &l->columns[i];

		if (cols < c->from)
			continue;
		out[n++] = (struct span){ &l->fields[c->field], c->field, 0,
					  c->share };
		shares += c->share;
		left -= 1 + (c->share ? 0 : l->fields[c->field].width);
	}
	for (int i = 0; i < n; i++) {
		int share = out[i].width;

		out[i].x = x;
		out[i].width = share ? left * share / shares :
				       out[i].field->width;
		x += out[i].width + 1;
	}
	if (n)
		out[n - 1].width = 0;
	return n;
}

void view_columns(const struct view *v, struct grid *g, int y)
{
	struct span at[COLUMNS_MAX];
	int n = lay_out(lists[v->list], g->cols, at);

	for (int i = 0; i < n; i++) {
		uint32_t look = at[i].index == v->at[v->list].order.by ?
				LOOK_BOLD | LOOK_REVERSE : LOOK_BOLD;

		if (at[i].field->unit == UNIT_TEXT)
			grid_text(g, y, at[i].x, at[i].width, look,
				  at[i].field->column);
		else
			grid_right(g, y, at[i].x, at[i].width, look,
				   at[i].field->column);
	}
}

void view_line(const struct view *v, uint32_t i, struct grid *g, int y)
{
	struct span at[COLUMNS_MAX];
	int n = lay_out(lists[v->list], g->cols, at);

	for (int k = 0; k < n && at[k].x < g->cols; k++)
		lists[v->list]->cell(v, i, at[k].index, g, y, at[k].x,
				     at[k].width);
}

void list_number(struct grid *g, int y, int x, int width, int64_t v,
		 enum unit unit, bool at_least)
{
	char number[FORMAT_BYTES], text[FORMAT_BYTES + 4];

	format_number(number, v, unit, (unsigned int)width);
	snprintf(text, sizeof(text), "%s%s",
		 at_least && v != SNAP_UNKNOWN ? "\u2265" : "", number);
	grid_right(g, y, x, width, LOOK_PLAIN, text);
}

/* Lines ---------------------------------------------------------------------*/

/* How the list is narrowed down, behind all else. */
static void filters(const struct view *v, struct grid *g, int y, int x)
{
	int64_t hidden = v->system ? 0 : v->frame->groups.system;

	x = grid_printf(g, y, x, LOOK_PLAIN, "filter: %s",
			v->filter_text[0] ? v->filter_text : "none");
	if (v->list == LIST_GOROUTINES && v->one_stack)
		x = grid_text(g, y, x, 0, LOOK_PLAIN, ", one stack");
	if (hidden)
		grid_printf(g, y, x + 2, LOOK_PLAIN, "K: %" PRId64
			    " of the runtime hidden", hidden);
}

static void status(const struct view *v, struct grid *g, int y, uint32_t last)
{
	const struct list *l = lists[v->list];
	const struct view_place *at = &v->at[v->list];
	char n[FORMAT_BYTES], total[FORMAT_BYTES];
	int x;

	if (view_wants_rows(v) && v->frame->folded && !v->prompt[0]) {
		grid_text(g, y, 0, 0, LOOK_BOLD, "reading goroutines...");
		return;
	}
	if (v->prompt[0] || v->message[0]) {
		x = grid_text(g, y, 0, 0, LOOK_BOLD, v->prompt);
		grid_text(g, y, x ? x + 2 : 0, 0, LOOK_BOLD | LOOK_YELLOW,
			  v->message);
		return;
	}
	format_number(n, view_count(v), UNIT_COUNT, 12);
	format_number(total, v->frame->groups.goroutines, UNIT_COUNT, 12);
	x = grid_printf(g, y, 0, LOOK_PLAIN, "%" PRIu32 "-%" PRIu32 " of %s %s",
			last ? at->top + 1 : 0, last, n, l->things);
	if (v->list == LIST_STACKS)
		x = grid_printf(g, y, x, LOOK_PLAIN, ", %s goroutines", total);
	x = grid_printf(g, y, x, LOOK_PLAIN, "  sort: %s %s  ",
			l->fields[at->order.by].column,
			at->order.descending ? "v" : "^");
	filters(v, g, y, x);
}

static void tabs(const struct view *v, struct grid *g, int y)
{
	int x = 0;

	for (int i = 0; i < LISTS; i++) {
		bool on = i == (int)v->list;

		x = grid_printf(g, y, x, on ? LOOK_BOLD : LOOK_PLAIN,
				on ? "[%s]" : " %s ", lists[i]->name);
	}
}

static void draw_lines(const struct view *v, struct grid *g)
{
	const struct view_place *at = &v->at[v->list];
	uint32_t rows = view_list_rows(g->rows), n = view_count(v), last = 0;
	int y = lines_above(g->rows);

	for (uint32_t i = at->top; i < n && i - at->top < rows; i++, y++) {
		last = i + 1;
		view_line(v, i, g, y);
		if (i == at->cursor)
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

	format_number(total, v->frame->groups.goroutines, UNIT_COUNT, 12);
	grid_printf(g, 0, 0, LOOK_BOLD, "%s%s Gs", v->trouble[0] ? "GONE " : "",
		    total);
}

void list_draw(const struct view *v, struct grid *g)
{
	if (g->rows < LIST_NEEDS_ROWS || g->cols < 10) {
		draw_count(v, g);
		return;
	}
	if (g->rows >= HEADER_NEEDS_ROWS) {
		view_header(v, g, 0);
		tabs(v, g, VIEW_HEADER_ROWS);
	}
	if (lines_above(g->rows))
		view_columns(v, g, lines_above(g->rows) - 1);
	draw_lines(v, g);
}
