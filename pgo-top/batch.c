/*
 * Text goes through the same grid as the screen, a line at a time: so it has
 * no escapes, and any number of stacks costs one line of memory.
 */
#include "pgo-top/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/fd.h"
#include "lib/base/log.h"
#include "lib/snapshot/top_json.h"
#include "pgo-top/connect.h"
#include "pgo-top/view.h"

#define COLS_UNLIMITED 512
#define PIECE_BYTES ((size_t)1 << 20)   /* written at a time */

static int width(const struct options *o)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws;
	int cols;

	if (o->cols)
		return o->cols;
	cols = columns ? atoi(columns) : 0;
	if (cols > 0)
		return cols;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col)
		return ws.ws_col;
	return COLS_UNLIMITED;
}

/* Writes OUT, which is empty then. */
static int put_out(struct buf *out)
{
	int rc = buf_error(out);

	if (rc == 0)
		rc = fd_write_all(STDOUT_FILENO, out->data, out->len);
	buf_reset(out);
	return rc;
}

static void put_lines(const struct grid *g, bool ascii, struct buf *out)
{
	for (int y = 0; y < g->rows; y++) {
		grid_line(g, y, ascii, out);
		buf_put_u8(out, '\n');
	}
}

/* All lines of V's list, written as they come. */
static int put_list(const struct view *v, bool ascii, struct grid *line,
		    struct buf *out)
{
	uint32_t n = view_count(v);
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		grid_blank(line);
		view_line(v, i, line, 0);
		put_lines(line, ascii, out);
		if (out->len > PIECE_BYTES)
			rc = put_out(out);
	}
	return rc;
}

static int put_text(const struct options *o, const struct view *v,
		    struct buf *out)
{
	struct grid header, line;
	int rc = -ENOMEM;

	if (grid_init(&header, VIEW_HEADER_ROWS + 1, width(o)) < 0)
		return rc;
	if (grid_init(&line, 1, header.cols) < 0)
		goto out;
	view_header(v, &header, 0);
	view_columns(v, &header, VIEW_HEADER_ROWS);
	put_lines(&header, o->ascii, out);
	rc = put_list(v, o->ascii, &line, out);
	grid_release(&line);
out:
	grid_release(&header);
	return rc;
}

static int put_screen(const struct options *o, const struct view *v,
		      struct buf *out)
{
	struct grid g;

	if (grid_init(&g, o->rows, o->cols) < 0)
		return -ENOMEM;
	view_draw(v, &g);
	put_lines(&g, o->ascii, out);
	grid_release(&g);
	return 0;
}

static int put_json(const struct view *v, struct buf *out)
{
	return top_json(out, &v->groups,
			v->list == LIST_GOROUTINES ? v->rows : NULL,
			&v->frame->info);
}

/* One frame as O says, written. */
static int print(const struct options *o, struct view *v, bool first)
{
	struct buf out = { 0 };
	int rc = o->json ? view_update_all(v) : view_update(v);

	if (rc < 0)
		return rc;
	if (o->json) {
		rc = put_json(v, &out);
		buf_put_u8(&out, '\n');
	} else if (o->dump_frame) {
		rc = put_screen(o, v, &out);
	} else {
		if (!first)
			buf_put_u8(&out, '\n');
		rc = put_text(o, v, &out);
	}
	if (rc == 0)
		rc = put_out(&out);
	buf_release(&out);
	return rc;
}

static void sleep_until(int64_t ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) ==
	       EINTR)
		;
}

int batch_run(const struct options *o, struct source *src)
{
	int64_t due = clock_mono_ns(), frames = o->dump_frame ? 1 : o->frames;
	struct frame *before = NULL, *frame;
	struct view v = { 0 };
	struct err e = { 0 };
	int rc = 0;

	view_init(&v, o->list);
	v.at[o->list].order = o->order;
	v.system = o->json;     /* there they are marked */
	view_set_filter(&v, o->filter, NULL);
	for (int64_t i = 0; rc == 0 && (frames == 0 || i < frames); i++) {
		sleep_until(due);
		rc = frame_new(&frame, src, options_want_rows(o), before, &e);
		if (rc < 0) {
			connect_name(&e, o->target);
			break;
		}
		frame_free(before);
		before = frame;
		v.frame = frame;
		rc = print(o, &v, i == 0);
		if (rc < 0)
			err_set(&e, rc, "stdout");
		due += o->delay_ns;
		if (due < clock_mono_ns())
			due = clock_mono_ns();
	}
	if (rc < 0)
		log_error("%s", e.text);
	view_release(&v);
	frame_free(before);
	return rc < 0;
}
