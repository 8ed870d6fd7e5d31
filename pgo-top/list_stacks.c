/* The Stacks list: goroutines that stand on one stack for one reason are one
 * line; and such a line whole. */
#include <inttypes.h>

#include "lib/snapshot/where.h"
#include "pgo-top/format.h"
#include "pgo-top/list.h"

#define WHERE_FRAMES_MAX 8u

static int update(struct view *v)
{
	struct view_order order = v->at[LIST_STACKS].order;
	int rc = groups_narrow(&v->groups, &v->frame->groups, v->filter,
			       v->system);

	if (rc < 0)
		return rc;
	groups_sort(&v->groups, (struct group_order){
		    (enum group_field)order.by, order.descending },
		    v->groups.n);
	return 0;
}

static uint32_t count(const struct view *v)
{
	return v->groups.n;
}

static uint64_t key(const struct view *v, uint32_t i)
{
	return v->groups.at[i].key;
}

static int64_t find_in(const struct groups *g, uint64_t k)
{
	for (uint32_t i = 0; i < g->n; i++)
		if (g->at[i].key == k)
			return i;
	return -1;
}

static int64_t find(const struct view *v, uint64_t k)
{
	return find_in(&v->groups, k);
}

static int64_t search(const struct view *v, uint32_t from)
{
	return groups_search(&v->groups, from, v->search);
}

static void where(const struct groups *g, const struct group *one,
		  struct grid *grid, int y, int x, int width)
{
	struct buf text = { 0 };

	where_put(g->snapshot, one->stack, one->state, WHERE_FRAMES_MAX,
		  &text);
	grid_text(grid, y, x, width, LOOK_PLAIN, buf_str(&text));
	buf_release(&text);
}

static void cell(const struct view *v, uint32_t i, int field, struct grid *g,
		 int y, int x, int width)
{
	const struct group *one = &v->groups.at[i];

	const char *doing = group_reason(&v->groups, one);

	if (field == GROUP_REASON)
		grid_text(g, y, x, width, LOOK_PLAIN, *doing ? doing : "-");
	else if (field == GROUP_WHERE)
		where(&v->groups, one, g, y, x, width);
	else if (field == GROUP_RATE && !one->rated)
		grid_right(g, y, x, width, LOOK_PLAIN, "-");
	else
		list_number(g, y, x, width, one->number[field],
			    group_fields[field].unit, one->at_least &&
			    group_fields[field].unit == UNIT_NS);
}

/* A stack whole -------------------------------------------------------------*/

static uint32_t open_at(struct view *v)
{
	int64_t at = find_in(&v->frame->groups, v->open);

	return at < 0 ? VIEW_NOTHING : (uint32_t)at;
}

static void numbers(const struct view *v, const struct group *one,
		    struct grid *g, int y)
{
	char text[FORMAT_BYTES];
	int x = 0;

	for (int i = 0; i < GROUP_NUMBERS; i++) {
		const struct field *f = &group_fields[i];
		bool more = one->at_least && f->unit == UNIT_NS &&
			    one->number[i] != SNAP_UNKNOWN;

		format_number(text, one->number[i], f->unit, 12);
		x = grid_printf(g, y, x, LOOK_PLAIN, "%s ", f->name);
		x = grid_printf(g, y, x, LOOK_BOLD, "%s%s",
				more ? "\u2265" : "",
				i == GROUP_RATE && !one->rated ? "-" : text);
		x += 2;
	}
	grid_text(g, y, x, 0, LOOK_PLAIN, group_reason(&v->frame->groups, one));
}

static int facts(const struct view *v, struct grid *g)
{
	const struct group *one = &v->frame->groups.at[v->open_at];
	int64_t at = find(v, v->open);
	uint32_t depth;

	snapshot_frames(&v->frame->snapshot, one->stack, &depth);
	grid_printf(g, 0, view_program(v, g, 0, 0), LOOK_BOLD, "stack %" PRId64
		    " of %" PRIu32 ", %" PRIu32 " frames%s", at + 1,
		    v->groups.n, depth,
		    one->system ? ", the runtime's own" : "");
	numbers(v, one, g, 1);
	return 3;
}

static const struct list_column columns[] = {
	{ GROUP_COUNT, 0, 0 }, { GROUP_RATE, 0, 0 }, { GROUP_WAIT_MAX, 0, 0 },
	{ GROUP_WAIT_P50, 0, 0 }, { GROUP_STACK_BYTES, 0, 0 },
	{ GROUP_REASON, 0, 0 }, { GROUP_WHERE, 1, 0 },
};

const struct list list_stacks = {
	.name = "Stacks", .things = "stacks",
	.fields = group_fields, .field_count = GROUP_FIELDS,
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.order = { GROUP_COUNT, true },
	.update = update, .count = count, .key = key, .find = find,
	.search = search, .cell = cell, .open_at = open_at, .facts = facts,
};
