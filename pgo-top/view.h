/*
 * What the screen shows: a list (Stacks, Goroutines), one of its lines whole,
 * or the help.  Drawing decides nothing and remembers nothing: it is a
 * function of a frame and this state.
 */
#ifndef PGO_TOP_VIEW_H
#define PGO_TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/snapshot/filter.h"
#include "lib/snapshot/rows.h"
#include "pgo-top/detail.h"
#include "pgo-top/frame.h"
#include "pgo-top/grid.h"
#include "pgo-top/listing.h"

#define VIEW_TEXT_BYTES 256
#define VIEW_NOTHING UINT32_MAX

enum view_list {
	LIST_STACKS,
	LIST_GOROUTINES,
	LISTS,
};

enum view_page {
	PAGE_LIST,
	PAGE_ONE,               /* a stack or a goroutine, whole */
	PAGE_HELP,
};

/* Column and direction; the column is an enum group_field or row_field. */
struct view_order {
	int by;
	bool descending;
};

/* Where one is in a list. */
struct view_place {
	struct view_order order;
	uint64_t key;           /* of the line the cursor is on */
	uint32_t cursor;        /* which line that is now */
	uint32_t top;           /* first line on the screen */
};

struct view {
	const struct frame *frame;      /* NULL before the first one */
	struct groups groups;           /* wanted, sorted; of frame */
	struct rows *rows;              /* the same; NULL until looked at */
	enum view_list list;
	struct view_place at[LISTS];
	char filter_text[VIEW_TEXT_BYTES];
	struct filter *filter;          /* the same; NULL: none */
	char search[VIEW_TEXT_BYTES];
	bool system;                    /* the runtime's own are shown too */
	bool one_stack;                 /* only goroutines on ... */
	uint64_t stack;                 /* ... the stack of this hash */
	enum view_page page;
	uint32_t scroll;                /* first line of the help */

	uint64_t open;                  /* key of the line shown whole */
	uint32_t open_at;               /* group or row of frame that is now, */
	int64_t others;                 /* and how many wait for the same */
	uint32_t frame_at;              /* its selected frame */
	const struct detail *detail;    /* read for it alone; may be NULL */
	const struct listing *listing;  /* source of that; may be NULL */

	int64_t delay_ns;
	bool paused;
	char trouble[VIEW_TEXT_BYTES];  /* the target is gone: why; or "" */
	char prompt[VIEW_TEXT_BYTES];   /* "Search: x", "" when none */
	char message[VIEW_TEXT_BYTES];  /* answers the last key; or "" */
};

/* All zero, then this: the list that is shown first. */
void view_init(struct view *v, enum view_list list);

/* Makes V's list anew after frame, list, order or filter changed; the cursor
 * stays on its line while that is there.  0 or -ENOMEM: then it is empty. */
int view_update(struct view *v);
/* The same of all lists, whichever is shown. */
int view_update_all(struct view *v);
void view_release(struct view *v);      /* view_init() makes it usable again */

/* What to show from the next update on.  0; or -E with words in E, then the
 * filter is what it was. */
int view_set_filter(struct view *v, const char *text, struct err *e);

/* Lines of the list. */
uint32_t view_count(const struct view *v);

/* Moves the cursor to line AT, or the nearest there is. */
void view_move(struct view *v, int64_t at);

/* Makes the cursor visible on a screen of ROWS. */
void view_scroll(struct view *v, int rows);

/* The first line from FROM on, around the end, with V's search; -1: none. */
int64_t view_search(const struct view *v, uint32_t from);

/* Shows the line under the cursor whole. */
void view_open(struct view *v);

/* The stack that is shown whole, in *S; SNAP_NONE when it has none. */
uint32_t view_stack(const struct view *v, const struct snapshot **s);

/* Whether V needs the goroutines themselves, not only their groups. */
bool view_wants_rows(const struct view *v);

/* What should be read for V alone: a goroutine, SNAP_UNKNOWN for none, and a
 * piece of source. */
void view_wants(const struct view *v, int64_t *id, struct listing_want *source);

/* Lines of the list on a screen of ROWS; never below 1. */
uint32_t view_list_rows(int rows);

/* Draws all of it. */
void view_draw(const struct view *v, struct grid *g);

/* Parts, for text without a screen. */
#define VIEW_HEADER_ROWS 5
void view_header(const struct view *v, struct grid *g, int y);
void view_columns(const struct view *v, struct grid *g, int y);
void view_line(const struct view *v, uint32_t i, struct grid *g, int y);

#endif
