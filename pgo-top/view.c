#include "pgo-top/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/snapshot/where.h"
#include "pgo-top/list.h"

const struct list *const lists[LISTS] = {
	[LIST_STACKS] = &list_stacks,
	[LIST_GOROUTINES] = &list_goroutines,
};

static struct view_place *place(struct view *v)
{
	return &v->at[v->list];
}

void view_init(struct view *v, enum view_list list)
{
	v->list = list;
	v->open_at = VIEW_NOTHING;
	for (int i = 0; i < LISTS; i++)
		v->at[i].order = lists[i]->order;
}

uint32_t view_count(const struct view *v)
{
	return lists[v->list]->count(v);
}

/* Who else waits for what ROW waits for; SNAP_UNKNOWN when that is nothing. */
static int64_t count_others(const struct snapshot *s,
			    const struct snap_row *row)
{
	int64_t n = -1;         /* not itself */

	if (!row->wait_on)
		return SNAP_UNKNOWN;
	for (uint32_t i = 0; i < s->row_count; i++)
		n += s->rows[i].wait_on == row->wait_on;
	return n;
}

static void empty(struct view *v)
{
	free(v->groups.at);
	v->groups = (struct groups){ 0 };
	rows_free(v->rows);
	v->rows = NULL;
}

static void find_open(struct view *v)
{
	const struct snapshot *s = &v->frame->snapshot;

	uint32_t depth, stack;

	v->open_at = lists[v->list]->open_at(v);
	v->others = SNAP_UNKNOWN;
	if (v->list == LIST_GOROUTINES && v->open_at != VIEW_NOTHING)
		v->others = count_others(s, &s->rows[v->open_at]);
	stack = view_stack(v, &s);
	snapshot_frames(s, stack, &depth);
	if (depth && v->frame_at >= depth)
		v->frame_at = depth - 1;
}

int view_update(struct view *v)
{
	struct view_place *at = place(v);
	int64_t found;
	int rc;

	empty(v);
	if (!v->frame)
		return 0;
	rc = lists[v->list]->update(v);
	found = lists[v->list]->find(v, at->key);
	view_move(v, found < 0 ? at->cursor : found);
	if (v->page == PAGE_ONE)
		find_open(v);
	return rc;
}

int view_update_all(struct view *v)
{
	int rc = 0;

	empty(v);
	for (int i = 0; rc == 0 && v->frame && i < LISTS; i++)
		rc = lists[i]->update(v);
	return rc;
}

void view_release(struct view *v)
{
	empty(v);
	filter_free(v->filter);
	v->filter = NULL;
}

int view_set_filter(struct view *v, const char *text, struct err *e)
{
	struct filter *filter = NULL;
	int rc = *text ? filter_new(&filter, text, e) : 0;

	if (rc < 0)
		return rc;
	filter_free(v->filter);
	v->filter = filter;
	snprintf(v->filter_text, sizeof(v->filter_text), "%s", text);
	return 0;
}

void view_move(struct view *v, int64_t to)
{
	struct view_place *at = place(v);
	int64_t last = (int64_t)view_count(v) - 1;

	if (to > last)
		to = last;
	if (to < 0)
		to = 0;
	at->cursor = (uint32_t)to;
	if (last >= 0)
		at->key = lists[v->list]->key(v, at->cursor);
}

void view_scroll(struct view *v, int rows)
{
	struct view_place *at = place(v);
	uint32_t lines = view_list_rows(rows), n = view_count(v);

	if (at->cursor < at->top)
		at->top = at->cursor;
	if (at->cursor >= at->top + lines)
		at->top = at->cursor - lines + 1;
	/* No blank lines below while there is something above. */
	if (at->top + lines > n)
		at->top = n > lines ? n - lines : 0;
}

int64_t view_search(const struct view *v, uint32_t from)
{
	return lists[v->list]->search(v, from);
}

/* What is opened ------------------------------------------------------------*/

/* enum snap_state of what is opened. */
static unsigned int state_of_open(const struct view *v)
{
	if (v->list == LIST_STACKS)
		return v->frame->groups.at[v->open_at].state;
	return v->frame->snapshot.rows[v->open_at].state;
}

void view_open(struct view *v)
{
	const struct snapshot *s;
	uint32_t stack;

	if (view_count(v) == 0)
		return;
	v->page = PAGE_ONE;
	v->open = place(v)->key;
	v->frame_at = 0;
	find_open(v);
	stack = view_stack(v, &s);
	if (stack != SNAP_NONE)
		v->frame_at = where_frame(s, stack, state_of_open(v));
}

static uint32_t stack_of_row(const struct view *v, const struct snapshot **s)
{
	const struct snap_row *row = &(*s)->rows[v->open_at];
	const struct detail *d = v->detail;

	if (row->stack != SNAP_NONE || !d || d->id != (int64_t)v->open ||
	    d->snapshot.row_count == 0)
		return row->stack;
	*s = &d->snapshot;
	return d->snapshot.rows[0].stack;
}

uint32_t view_stack(const struct view *v, const struct snapshot **s)
{
	*s = &v->frame->snapshot;
	if (v->open_at == VIEW_NOTHING)
		return SNAP_NONE;
	if (v->list == LIST_STACKS)
		return v->frame->groups.at[v->open_at].stack;
	return stack_of_row(v, s);
}

bool view_wants_rows(const struct view *v)
{
	return v->list == LIST_GOROUTINES || v->filter;
}

void view_wants(const struct view *v, int64_t *id, struct listing_want *source)
{
	const struct snap_frame *f;
	const struct snapshot *s;
	uint32_t depth, stack;

	*id = SNAP_UNKNOWN;
	source->file[0] = 0;
	source->line = 0;
	if (!v->frame || v->page != PAGE_ONE || v->open_at == VIEW_NOTHING)
		return;
	if (v->list == LIST_GOROUTINES &&
	    v->frame->snapshot.rows[v->open_at].stack == SNAP_NONE)
		*id = (int64_t)v->open;
	stack = view_stack(v, &s);
	f = snapshot_frames(s, stack, &depth);
	if (v->frame_at >= depth || f[v->frame_at].line == 0)
		return;
	snprintf(source->file, sizeof(source->file), "%s",
		 snapshot_string(s, f[v->frame_at].file));
	source->line = f[v->frame_at].line;
}

/* ---------------------------------------------------------------------------*/

static void draw_one(const struct view *v, struct grid *g)
{
	int y;

	if (v->open_at == VIEW_NOTHING) {
		grid_printf(g, 0, 0, LOOK_BOLD, "%s", v->list == LIST_STACKS ?
			    "no such stack any more" :
			    "no such goroutine any more");
	} else {
		y = lists[v->list]->facts(v, g);
		frames_draw(v, g, y);
	}
	view_mode(v, g, 0);
	if (g->rows > 5)
		grid_text(g, g->rows - 1, 0, 0, LOOK_CYAN,
			  "Esc back  Up Down frame  s all on this stack  "
			  "h help  q quit");
}

void view_draw(const struct view *v, struct grid *g)
{
	grid_blank(g);
	if (!v->frame)
		grid_text(g, 0, 0, 0, LOOK_BOLD, "reading...");
	else if (v->page == PAGE_LIST)
		list_draw(v, g);
	else if (v->page == PAGE_ONE)
		draw_one(v, g);
	else
		view_help(v, g);
}
