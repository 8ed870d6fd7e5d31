#include "pgo-top/grid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/base/safe_text.h"

#define TEXT_BYTES 4096         /* of one call; more is cut */
#define AT_LEAST U'\u2265'      /* our own, in every locale */

static int within(int v, int max)
{
	return v < 1 ? 1 : v > max ? max : v;
}

int grid_init(struct grid *g, int rows, int cols)
{
	g->rows = within(rows, GRID_ROWS_MAX);
	g->cols = within(cols, GRID_COLS_MAX);
	g->cells = calloc((size_t)g->rows * (size_t)g->cols,
			  sizeof(*g->cells));
	if (!g->cells)
		return -ENOMEM;
	grid_blank(g);
	return 0;
}

void grid_release(struct grid *g)
{
	free(g->cells);
	*g = (struct grid){ 0 };
}

void grid_blank(struct grid *g)
{
	size_t n = (size_t)g->rows * (size_t)g->cols;

	for (size_t i = 0; i < n; i++)
		g->cells[i] = (struct cell){ U' ', LOOK_PLAIN };
}

/* The character at *P, valid UTF-8, which moves on. */
static char32_t next_char(const char **p)
{
	const unsigned char *s = (const unsigned char *)*p;
	int more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3;
	char32_t c = more ? s[0] & (0x3fu >> more) : s[0];

	for (int i = 1; i <= more; i++)
		c = c << 6 | (s[i] & 0x3f);
	*p += 1 + more;
	return c;
}

/* Columns of *C, which becomes one we can count on: what the locale does not
 * know is `?`; what has no width of its own is 0. */
static int width_of(char32_t *c)
{
	int width = *c < 0x80 || *c == AT_LEAST ? 1 : wcwidth((wchar_t)*c);

	if (width < 0) {
		*c = U'?';
		return 1;
	}
	return width;
}

static void put(struct grid *g, int y, int x, struct cell cell)
{
	if (y >= 0 && y < g->rows && x >= 0 && x < g->cols)
		*grid_cell(g, y, x) = cell;
}

int grid_text(struct grid *g, int y, int x, int width, uint32_t look,
	      const char *text)
{
	int end = width ? x + width : g->cols;
	char safe[TEXT_BYTES];
	const char *p = safe;

	if (end > g->cols)
		end = g->cols;
	safe_text(safe, sizeof(safe), text, strlen(text));
	while (*p) {
		char32_t c = next_char(&p);
		int w = width_of(&c);

		if (w == 0)
			continue;
		if (x + w > end)
			break;
		put(g, y, x, (struct cell){ c, look });
		if (w == 2)
			put(g, y, x + 1, (struct cell){ 0, look });
		x += w;
	}
	return x;
}

int grid_printf(struct grid *g, int y, int x, uint32_t look,
		const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return grid_text(g, y, x, 0, look, text);
}

void grid_right(struct grid *g, int y, int x, int width, uint32_t look,
		const char *text)
{
	int n = 0;

	/* Numbers and signs: as many columns as characters. */
	for (const char *p = text; *p; p++)
		n += ((unsigned char)*p & 0xc0) != 0x80;

	if (n < width)
		x += width - n;
	grid_text(g, y, x, n < width ? n : width, look, text);
}

void grid_row_look(struct grid *g, int y, uint32_t look)
{
	for (int x = 0; y >= 0 && y < g->rows && x < g->cols; x++)
		grid_cell(g, y, x)->look |= look;
}

char32_t grid_ascii(char32_t c)
{
	if (c == AT_LEAST)
		return U'>';
	return c >= 0x80 ? U'?' : c;
}

static void put_utf8(struct buf *out, char32_t c)
{
	if (c < 0x80) {
		buf_put_u8(out, (uint8_t)c);
	} else if (c < 0x800) {
		buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
		buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	} else {
		if (c < 0x10000) {
			buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
		} else {
			buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
			buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
		buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
	}
}

void grid_line(const struct grid *g, int y, bool ascii, struct buf *out)
{
	int end = g->cols;

	while (end > 0 && grid_cell(g, y, end - 1)->ch == U' ')
		end--;
	for (int x = 0; x < end; x++) {
		char32_t c = grid_cell(g, y, x)->ch;

		if (c)
			put_utf8(out, ascii ? grid_ascii(c) : c);
	}
}
