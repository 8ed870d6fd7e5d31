/*
 * What the two lists differ in.  Everything else (moving, drawing, sorting by
 * columns, searching) is written once over this.
 */
#ifndef PGO_TOP_LIST_H
#define PGO_TOP_LIST_H

#include "lib/snapshot/fields.h"
#include "pgo-top/view.h"

/* Where a column is on the screen. */
struct list_column {
	uint8_t field;
	uint8_t share;          /* of the width that is left; 0: its own */
	uint16_t from;          /* only screens of so many columns have it */
};

struct list {
	const char *name;       /* of its tab */
	const char *things;     /* what its lines are, in the status line */
	const struct field *fields;
	int field_count;
	const struct list_column *columns;
	int column_count;
	struct view_order order;        /* at first */

	/* Fills V's part for this list.  0 or -ENOMEM, then it is empty. */
	int (*update)(struct view *v);
	uint32_t (*count)(const struct view *v);
	uint64_t (*key)(const struct view *v, uint32_t i);
	int64_t (*find)(const struct view *v, uint64_t key);
	int64_t (*search)(const struct view *v, uint32_t from);
	/* Column FIELD of line I at Y, X; WIDTH 0: all that fits. */
	void (*cell)(const struct view *v, uint32_t i, int field,
		     struct grid *g, int y, int x, int width);

	/* The index in the frame of what is opened, VIEW_NOTHING: gone. */
	uint32_t (*open_at)(struct view *v);
	/* What is above the frames; how many lines. */
	int (*facts)(const struct view *v, struct grid *g);
};

extern const struct list list_stacks;
extern const struct list list_goroutines;
extern const struct list *const lists[LISTS];

/* A list of lines: headings, lines, status; the header where there is room. */
void list_draw(const struct view *v, struct grid *g);

/* A number of a cell, with "≥" before what is AT_LEAST so much. */
void list_number(struct grid *g, int y, int x, int width, int64_t v,
		 enum unit unit, bool at_least);

/* The frames of what is opened from line Y on, the source around the selected
 * one below. */
void frames_draw(const struct view *v, struct grid *g, int y);

/* "PROGRAM  pid PID" at the left of line Y; the column behind. */
int view_program(const struct view *v, struct grid *g, int y, int x);

/* "[live 1.0s]", "[PAUSED]" at the right end of line Y. */
void view_mode(const struct view *v, struct grid *g, int y);

/* The help. */
void view_help(const struct view *v, struct grid *g);

#endif
