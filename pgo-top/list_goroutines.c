/* The Goroutines list, and one of them whole. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/snapshot/where.h"
#include "pgo-top/format.h"
#include "pgo-top/list.h"

#define WHERE_FRAMES_MAX 8u
#define BAR_COLS 20
#define WAITS_SHOWN 3           /* of a select */
#define NO_ID (UINT64_C(1) << 63)
#define FACTS_NEED_ROWS 16      /* smaller screens have the state only */

static int update(struct view *v)
{
	struct view_order order = v->at[LIST_GOROUTINES].order;
	struct row_choice which = {
		.filter = v->filter, .system = v->system,
		.one_stack = v->one_stack, .stack = v->stack,
	};

	return rows_new(&v->rows, &v->frame->snapshot, &which,
			(struct row_order){ order.by, order.descending });
}

static uint32_t count(const struct view *v)
{
	return v->rows ? rows_count(v->rows) : 0;
}

/* Its id; of one whose id is not known, what it is in this snapshot. */
static uint64_t key(const struct view *v, uint32_t i)
{
	const struct snap_row *row = rows_at(v->rows, i);

	if (row->number[ROW_ID] != SNAP_UNKNOWN)
		return (uint64_t)row->number[ROW_ID];
	return NO_ID | (uint64_t)(row - v->frame->snapshot.rows);
}

static int64_t find(const struct view *v, uint64_t k)
{
	if (!v->rows)
		return -1;
	if (k & NO_ID)
		return rows_find_row(v->rows, (uint32_t)k);
	return rows_find(v->rows, (int64_t)k);
}

static int64_t search(const struct view *v, uint32_t from)
{
	return v->rows ? rows_search(v->rows, from, v->search) : -1;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_created(const struct snapshot *s, const struct snap_row *row,
			struct buf *out)
{
	if (!row->created_func)
		return;
	buf_put_str(out, snapshot_string(s, row->created_func));
	if (row->created_file && row->created_line)
		buf_printf(out, " %s:%" PRIu32,
			   base_name(snapshot_string(s, row->created_file)),
			   row->created_line);
}

static void cell_text(const struct snapshot *s, const struct snap_row *row,
		      int field, struct buf *out)
{
	switch (field) {
	case ROW_STATE:
		buf_put_str(out, snap_state_name(row->state));
		break;
	case ROW_REASON:
		buf_put_str(out, snapshot_string(s, row->reason));
		break;
	case ROW_WHERE:
		where_put(s, row->stack, row->state, WHERE_FRAMES_MAX, out);
		break;
	case ROW_CREATED:
		put_created(s, row, out);
		break;
	case ROW_LABELS:
		row_labels(s, row, out);
		break;
	}
}

static void cell(const struct view *v, uint32_t i, int field, struct grid *g,
		 int y, int x, int width)
{
	const struct snap_row *row = rows_at(v->rows, i);
	struct buf text = { 0 };

	if (field < ROW_NUMBERS) {
		list_number(g, y, x, width, row->number[field],
			    row_fields[field].unit,
			    field == ROW_SINCE && row->at_least);
		return;
	}
	cell_text(&v->frame->snapshot, row, field, &text);
	grid_text(g, y, x, width, LOOK_PLAIN, text.len ? buf_str(&text) : "-");
	buf_release(&text);
}

/* A goroutine whole ---------------------------------------------------------*/

static uint32_t open_at(struct view *v)
{
	const struct snapshot *s = &v->frame->snapshot;

	if (v->open & NO_ID)
		return (uint32_t)v->open < s->row_count ? (uint32_t)v->open :
							  VIEW_NOTHING;
	for (uint32_t i = 0; i < s->row_count; i++)
		if (s->rows[i].number[ROW_ID] == (int64_t)v->open)
			return i;
	return VIEW_NOTHING;
}

/* "LABEL value  " at X; the column behind. */
static int put(struct grid *g, int y, int x, const char *label,
	       const char *value)
{
	x = grid_printf(g, y, x, LOOK_PLAIN, "%s ", label);
	return grid_text(g, y, x, 0, LOOK_BOLD, value) + 2;
}

static int put_number(struct grid *g, int y, int x, const char *label,
		      const struct snap_row *row, int field)
{
	char text[FORMAT_BYTES];

	format_number(text, row->number[field], row_fields[field].unit, 12);
	return put(g, y, x, label, text);
}

static void put_state(const struct snapshot *s, const struct snap_row *row,
		      struct grid *g, int y)
{
	int x = put(g, y, 0, "state  ", row_reason(s, row));
	char since[FORMAT_BYTES];

	format_number(since, row->number[ROW_SINCE], UNIT_NS, 12);
	x = grid_printf(g, y, x, LOOK_PLAIN, "since ");
	x = grid_printf(g, y, x, LOOK_BOLD, "%s%s",
			row->at_least ? "\u2265" : "", since) + 2;
	x = put_number(g, y, x, "M", row, ROW_M);
	x = put_number(g, y, x, "P", row, ROW_P);
	x = put(g, y, x, "locked", row->locked ? "yes" : "no");
	if (row->number[ROW_PARKS] != SNAP_UNKNOWN)
		x = put_number(g, y, x, "parks", row, ROW_PARKS);
	if (row->system)
		grid_text(g, y, x, 0, LOOK_BOLD, "the runtime's own");
}

static void put_runs(const struct snap_row *row, struct grid *g, int y)
{
	int x = put_number(g, y, 0, "runs   ", row, ROW_RUNS);

	x = put_number(g, y, x, "last P", row, ROW_LAST_P);
	if (row->number[ROW_WOKEN_BY] != SNAP_UNKNOWN)
		put_number(g, y, x, "woken by goroutine", row, ROW_WOKEN_BY);
}

static void put_times(const struct snap_row *row, struct grid *g, int y)
{
	int x = put_number(g, y, 0, "times   run", row, ROW_RUN);

	x = put_number(g, y, x, "ready", row, ROW_READY);
	put_number(g, y, x, "blocked", row, ROW_BLOCKED);
}

static void put_creator(const struct snapshot *s, const struct snap_row *row,
			struct grid *g, int y)
{
	int x = grid_text(g, y, 0, 0, LOOK_PLAIN, "created ");

	if (!row->created_func) {
		grid_text(g, y, x, 0, LOOK_BOLD, "-");
		return;
	}
	x = grid_printf(g, y, x, LOOK_BOLD, "by %s",
			snapshot_string(s, row->created_func));
	if (row->created_offset)
		x = grid_printf(g, y, x, LOOK_BOLD, "+0x%" PRIx32,
				row->created_offset);
	if (row->creator != SNAP_UNKNOWN)
		x = grid_printf(g, y, x, LOOK_PLAIN, " in goroutine %" PRId64,
				row->creator);
	if (row->created_file)
		grid_printf(g, y, x + 2, LOOK_PLAIN, "%s:%" PRIu32,
			    snapshot_string(s, row->created_file),
			    row->created_line);
}

static void put_bar(const struct snap_row *row, struct grid *g, int y, int x)
{
	int64_t all = row->number[ROW_STACK_BYTES];
	int64_t used = row->number[ROW_STACK_USED];
	char bar[BAR_COLS + 1];
	int n;

	if (all <= 0 || used < 0)
		return;
	n = used >= all ? BAR_COLS :
	    (int)((double)used * BAR_COLS / (double)all + 0.5);
	memset(bar, '-', BAR_COLS);
	memset(bar, '#', (size_t)n);
	bar[BAR_COLS] = 0;
	grid_printf(g, y, x, LOOK_PLAIN, "[%s]", bar);
}

static void put_stack(const struct snap_row *row, struct grid *g, int y)
{
	int x = put_number(g, y, 0, "stack  ", row, ROW_STACK_BYTES);

	x = put_number(g, y, x, "used", row, ROW_STACK_USED);
	if (row->number[ROW_SEGMENTS] != SNAP_UNKNOWN) {
		x = put_number(g, y, x, "segments", row, ROW_SEGMENTS);
		x = put_number(g, y, x, "grows", row, ROW_GROWS);
		x = put_number(g, y, x, "shrinks", row, ROW_SHRINKS);
	}
	put_bar(row, g, y, x);
}

static void put_labels(const struct snapshot *s, const struct snap_row *row,
		       struct grid *g, int y)
{
	struct buf text = { 0 };

	row_labels(s, row, &text);
	put(g, y, 0, "labels ", text.len ? buf_str(&text) : "-");
	buf_release(&text);
}

/* An object it waits on, with what is in it and who waits there. */
static void put_object(const struct snapshot *s, const struct snap_wait *w,
		       struct grid *g, int y, int x)
{
	static const char *const does[] = {
		[SNAP_WAIT_UNKNOWN] = "on", [SNAP_WAIT_RECEIVE] = "to receive",
		[SNAP_WAIT_SEND] = "to send", [SNAP_WAIT_ACQUIRE] = "to get",
	};
	const struct snap_object *o = &s->objects[w->object];
	const char *kind = o->kind == SNAP_CHANNEL ? "chan" : "semaphore";
	char len[FORMAT_BYTES], cap[FORMAT_BYTES];

	x = grid_printf(g, y, x, LOOK_BOLD, "%s %s 0x%" PRIx64, does[w->kind],
			kind, o->address) + 2;
	if (o->kind != SNAP_CHANNEL) {
		grid_printf(g, y, x, LOOK_PLAIN, "waiters %" PRIu32,
			    o->acquirers);
		return;
	}
	format_number(len, o->len, UNIT_COUNT, 12);
	format_number(cap, o->cap, UNIT_COUNT, 12);
	grid_printf(g, y, x, LOOK_PLAIN, "cap %s len %s  receivers %" PRIu32
		    "  senders %" PRIu32 "%s", cap, len, o->receivers,
		    o->senders, o->closed ? "  closed" : "");
}

/* How many lines. */
static int put_objects(const struct snapshot *s, const struct snap_row *row,
		       struct grid *g, int y, int x)
{
	int n = 0;

	for (uint32_t i = 0; i < row->wait_count && n < WAITS_SHOWN; i++)
		put_object(s, &s->waits[row->first_wait + i], g, y + n++, x);
	if (row->wait_count > WAITS_SHOWN)
		grid_printf(g, y + n++, x, LOOK_PLAIN, "and %" PRIu32 " more",
			    row->wait_count - WAITS_SHOWN);
	return n;
}

/* How many lines. */
static int put_waits(const struct view *v, const struct snap_row *row,
		     struct grid *g, int y)
{
	char others[FORMAT_BYTES];
	int x = grid_text(g, y, 0, 0, LOOK_PLAIN, "waits   ");

	if (row->wait_count)
		return put_objects(&v->frame->snapshot, row, g, y, x);
	if (!row->wait_on) {
		grid_text(g, y, x, 0, LOOK_BOLD, "-");
		return 1;
	}
	x = grid_printf(g, y, x, LOOK_BOLD, "on 0x%" PRIx64, row->wait_on);
	format_number(others, v->others, UNIT_COUNT, 12);
	grid_printf(g, y, x, LOOK_PLAIN, ", as %s others do",
		    v->others ? others : "no");
	return 1;
}

static int facts(const struct view *v, struct grid *g)
{
	const struct snapshot *s = &v->frame->snapshot;
	const struct snap_row *row = &s->rows[v->open_at];
	char id[FORMAT_BYTES];
	int y = 1;

	format_number(id, row->number[ROW_ID], UNIT_ID, 20);
	grid_printf(g, 0, view_program(v, g, 0, 0), LOOK_BOLD, "goroutine %s",
		    id);
	put_state(s, row, g, y++);
	if (g->rows < FACTS_NEED_ROWS)
		return y;
	if (row->number[ROW_RUNS] != SNAP_UNKNOWN)
		put_runs(row, g, y++);
	if (row->number[ROW_RUN] != SNAP_UNKNOWN)
		put_times(row, g, y++);
	put_creator(s, row, g, y++);
	put_stack(row, g, y++);
	put_labels(s, row, g, y++);
	y += put_waits(v, row, g, y);
	return y + 1;
}

static const struct list_column columns[] = {
	{ ROW_ID, 0, 0 }, { ROW_STATE, 0, 0 }, { ROW_SINCE, 0, 0 },
	{ ROW_REASON, 0, 0 }, { ROW_STACK_BYTES, 0, 0 }, { ROW_M, 0, 0 },
	{ ROW_P, 0, 0 }, { ROW_RUNS, 0, 200 }, { ROW_LAST_P, 0, 200 },
	{ ROW_WOKEN_BY, 0, 200 }, { ROW_RUN, 0, 200 }, { ROW_READY, 0, 200 },
	{ ROW_BLOCKED, 0, 200 }, { ROW_WHERE, 3, 0 }, { ROW_CREATED, 2, 110 },
	{ ROW_LABELS, 2, 150 },
};

const struct list list_goroutines = {
	.name = "Goroutines", .things = "goroutines",
	.fields = row_fields, .field_count = ROW_FIELDS,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.order = { ROW_ID, false },
	.update = update, .count = count, .key = key, .find = find,
	.search = search, .cell = cell, .open_at = open_at, .facts = facts,
};
