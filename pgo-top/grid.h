/*
 * A screen in memory: cells of one character and how it looks.
 *
 * All views draw here and nowhere else; what prints text (batch, --dump-frame)
 * and what drives a terminal read it.  Drawing outside is cut off, so a view
 * never asks how large the screen is before it writes.  Text is UTF-8 and goes
 * through safe_text() on its way in: nothing in a cell can steer a terminal.
 */
#ifndef PGO_TOP_GRID_H
#define PGO_TOP_GRID_H

#include <stdbool.h>
#include <stdint.h>
#include <uchar.h>

#include "lib/base/buf.h"

#define GRID_ROWS_MAX 1000
#define GRID_COLS_MAX 1000

enum cell_look {
	LOOK_PLAIN = 0,
	LOOK_BOLD = 1,
	LOOK_REVERSE = 2,
	LOOK_DIM = 4,
	/* Colours, one of them; where there are none, nothing is lost. */
	LOOK_GREEN = 1 << 4,
	LOOK_YELLOW = 2 << 4,
	LOOK_RED = 3 << 4,
	LOOK_CYAN = 4 << 4,
	LOOK_COLOUR = 7 << 4,
};

struct cell {
	char32_t ch;            /* 0: right half of a wide character */
	uint32_t look;          /* enum cell_look, or-ed */
};

struct grid {
	struct cell *cells;
	int rows;
	int cols;
};

/* Makes G a blank screen, sizes cut to 1 and the maxima.  0 or -ENOMEM. */
int grid_init(struct grid *g, int rows, int cols);
void grid_release(struct grid *g);
void grid_blank(struct grid *g);

static inline struct cell *grid_cell(const struct grid *g, int y, int x)
{
	return &g->cells[(size_t)y * (size_t)g->cols + (size_t)x];
}

/* Puts TEXT at Y, X, at most WIDTH columns of it (0: all that fit).  Returns
 * the column behind it, also where it was cut. */
int grid_text(struct grid *g, int y, int x, int width, uint32_t look,
	      const char *text);
int grid_printf(struct grid *g, int y, int x, uint32_t look,
		const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The same, so that it ends before column X + WIDTH. */
void grid_right(struct grid *g, int y, int x, int width, uint32_t look,
		const char *text);

/* Adds LOOK to all of row Y. */
void grid_row_look(struct grid *g, int y, uint32_t look);

/* A character for terminals that know ASCII only: `>` for ≥, `?` for what
 * else is none. */
char32_t grid_ascii(char32_t c);

/* Row Y as UTF-8, without blanks at its end, appended to OUT; with ASCII as
 * grid_ascii(). */
void grid_line(const struct grid *g, int y, bool ascii, struct buf *out);

#endif
