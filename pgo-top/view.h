/*
 * What the screen shows, drawn into a grid: the Stacks view, one stack whole,
 * the help.  Drawing decides nothing and remembers nothing: it is a function
 * of a frame and this state.
 */
#ifndef PGO_TOP_VIEW_H
#define PGO_TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "pgo-top/frame.h"
#include "pgo-top/grid.h"

#define VIEW_TEXT_BYTES 256

enum view_page {
	PAGE_STACKS,
	PAGE_STACK,
	PAGE_HELP,
};

struct view {
	const struct frame *frame;      /* NULL before the first one */
	struct groups shown;            /* filtered, sorted; of frame */
	struct group_order order;
	char filter[VIEW_TEXT_BYTES];
	char search[VIEW_TEXT_BYTES];
	uint64_t cursor_key;            /* the group the cursor is on */
	uint32_t cursor;                /* where it is in shown */
	uint32_t top;                   /* first group on the screen */
	uint32_t scroll;                /* first line of the other pages */
	enum view_page page;
	int64_t delay_ns;
	bool paused;
	char trouble[VIEW_TEXT_BYTES];  /* the target is gone: why; or "" */
	char prompt[VIEW_TEXT_BYTES];   /* "Search: x", "" when none */
	char message[VIEW_TEXT_BYTES];  /* answers the last key; or "" */
};

/* Makes V's groups anew after frame, order or filter changed; the cursor stays
 * on its group while that is there.  0 or -ENOMEM: then none is shown. */
int view_update(struct view *v);
void view_release(struct view *v);

/* Moves the cursor to group AT of shown, or the nearest there is. */
void view_move(struct view *v, int64_t at);

/* Lines of the list on a screen of ROWS; never below 1. */
uint32_t view_list_rows(int rows);

/* Draws all of it. */
void view_draw(const struct view *v, struct grid *g);

/* Parts, for text without a screen. */
#define VIEW_HEADER_ROWS 5
void view_header(const struct view *v, struct grid *g, int y);
void view_columns(const struct view *v, struct grid *g, int y);
void view_group(const struct view *v, const struct group *one, struct grid *g,
		int y);

#endif
