/*
 * The terminal, by ncurses: takes grids, gives keys.  Everything that is
 * curses' is in term.c.
 */
#ifndef PGO_TOP_TERM_H
#define PGO_TOP_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "pgo-top/grid.h"

/* Takes the terminal over.  0, or -E with words in E: then it is as it was. */
int term_begin(bool no_colour, bool ascii, struct err *e);

/* Gives it back as it was. */
void term_end(void);

/* Its size now; tells curses. */
void term_size(int *rows, int *cols);

/* Shows G; only cells that differ from what is shown are written.  WHOLE
 * draws all of it anew. */
void term_show(const struct grid *g, bool whole);

/* The next key: a character or enum key; 0 when none waits. */
uint32_t term_key(void);

/* Stops this process, as Ctrl-Z does, with the terminal given back meanwhile;
 * returns when it goes on. */
void term_stop(void);

#endif
