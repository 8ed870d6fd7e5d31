/*
 * ncurses compares screens itself, but only once everything was put into its
 * window: the last grid is kept, and cells that did not change are not put
 * again.
 *
 * Signals are blocked and read from a descriptor by the screen, so none of
 * ncurses' handlers ever runs: the size is asked from the kernel.
 */
#include "pgo-top/term.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1      /* refresh() is a word of others too */
#include <curses.h>

#include "pgo-top/keys.h"

static struct grid shown;       /* what curses has; rows 0: nothing */
static bool colours, only_ascii;
static SCREEN *screen;

static void begin_colours(bool no_colour)
{
	static const short of[] = {
		COLOR_GREEN, COLOR_YELLOW, COLOR_RED, COLOR_CYAN,
	};

	colours = !no_colour && has_colors() && start_color() == OK;
	if (!colours)
		return;
	use_default_colors();
	for (short i = 0; i < 4; i++)
		init_pair((short)(i + 1), of[i], -1);
}

int term_begin(bool no_colour, bool ascii, struct err *e)
{
	const char *name = getenv("TERM");

	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return err_say(e, -ENOTTY, "TERM=%s: no terminal that "
			       "terminfo knows (-b for plain text)",
			       name ? name : "");
	if (!tigetstr("cup")) {
		delscreen(screen);
		return err_say(e, -ENOTTY, "TERM=%s: no cursor to move (-b for "
			       "plain text)", name ? name : "");
	}
	only_ascii = ascii;
	begin_colours(no_colour);
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50);
	curs_set(0);
	return 0;
}

void term_end(void)
{
	endwin();
	delscreen(screen);
	grid_release(&shown);
}

void term_size(int *rows, int *cols)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_row &&
	    ws.ws_col && (ws.ws_row != LINES || ws.ws_col != COLS))
		resizeterm(ws.ws_row, ws.ws_col);
	*rows = LINES;
	*cols = COLS;
}

static attr_t attributes(uint32_t look)
{
	attr_t a = A_NORMAL;

	if (look & LOOK_BOLD)
		a |= A_BOLD;
	if (look & LOOK_REVERSE)
		a |= A_REVERSE;
	if (look & LOOK_DIM)
		a |= A_DIM;
	return a;
}

static void put(int y, int x, struct cell c)
{
	wchar_t text[2] = { (wchar_t)c.ch, 0 };
	short pair = colours ? (short)((c.look & LOOK_COLOUR) >> 4) : 0;
	cchar_t cc;

	if (only_ascii)
		text[0] = (wchar_t)grid_ascii(c.ch);
	if (setcchar(&cc, text, attributes(c.look), pair, NULL) == OK)
		mvadd_wch(y, x, &cc);
}

static bool same(struct cell a, struct cell b)
{
	return a.ch == b.ch && a.look == b.look;
}

void term_show(const struct grid *g, bool whole)
{
	bool all = whole || shown.rows != g->rows || shown.cols != g->cols;

	if (all) {
		grid_release(&shown);
		if (grid_init(&shown, g->rows, g->cols) < 0)
			return;
		erase();
		if (whole)
			clearok(stdscr, TRUE);
	}
	for (int y = 0; y < g->rows && y < LINES; y++) {
		for (int x = 0; x < g->cols && x < COLS; x++) {
			struct cell *c = grid_cell(g, y, x);

			if (c->ch && (all || !same(*c, *grid_cell(&shown, y,
								 x))))
				put(y, x, *c);
		}
	}
	memcpy(shown.cells, g->cells, (size_t)g->rows * (size_t)g->cols *
	       sizeof(*g->cells));
	refresh();
}

static uint32_t special(wint_t c)
{
	static const struct { wint_t curses; uint32_t key; } keys[] = {
		{ KEY_UP, K_UP }, { KEY_DOWN, K_DOWN }, { KEY_LEFT, K_LEFT },
		{ KEY_RIGHT, K_RIGHT }, { KEY_PPAGE, K_PAGE_UP },
		{ KEY_NPAGE, K_PAGE_DOWN }, { KEY_HOME, K_HOME },
		{ KEY_END, K_END }, { KEY_ENTER, K_ENTER },
		{ KEY_BACKSPACE, K_BACKSPACE }, { KEY_BTAB, K_BACK_TAB },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].curses == c)
			return keys[i].key;
	if (c >= KEY_F(1) && c <= KEY_F(10))
		return K_F1 + (uint32_t)(c - KEY_F(1));
	return KEYS_BEGIN;      /* a key that does nothing */
}

uint32_t term_key(void)
{
	wint_t c;
	int rc = get_wch(&c);

	if (rc == ERR)
		return 0;
	if (rc == KEY_CODE_YES)
		return special(c);
	switch (c) {
	case '\r': case '\n':
		return K_ENTER;
	case '\t':
		return K_TAB;
	case 27:
		return K_ESCAPE;
	case 127: case 8:
		return K_BACKSPACE;
	}
	return (uint32_t)c;
}

void term_stop(void)
{
	endwin();
	kill(getpid(), SIGSTOP);
	refresh();
}
