/*
 * As Go's own dump, byte for byte where we know what Go knows.  Arguments are
 * not known from outside: "(...)".
 *
 * What could not be read says so where Go's readers expect a remark: in the
 * header, or, for a running one, by Go's own line.
 */
#include "pgo-trace/dump_out.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/safe_text.h"
#include "lib/snapshot/goframe.h"
#include "lib/snapshot/rows.h"
#include "lib/wire/traceback.h"

#define MINUTE_NS INT64_C(60000000000)

enum { FLUSH_BYTES = 1 << 16 };

void dump_put(void *buf, const char *p, size_t n)
{
	buf_put(buf, p, n);
}

int dump_flush(struct dump_out *d, bool last, struct err *e)
{
	int rc = buf_error(&d->buf);

	if (rc < 0)
		return err_set(e, rc, "output");
	if (!last && d->buf.len < FLUSH_BYTES)
		return 0;
	if (d->buf.len)
		rc = output_write(d->to, d->buf.data, d->buf.len, e);
	if (last)
		buf_release(&d->buf);
	else
		buf_reset(&d->buf);
	return rc;
}

/* A string of the target's, fit for a terminal. */
struct clean {
	char text[STRTAB_STRING_MAX + 1];
};

static const char *clean(struct clean *c, const struct snapshot *s,
			 uint32_t id)
{
	const char *text = snapshot_string(s, id);

	safe_text(c->text, sizeof(c->text), text, strlen(text));
	return c->text;
}

static bool is_shown(const struct dump_out *d, uint32_t func, uint32_t file,
		     bool leaf)
{
	const struct snapshot *s = d->snapshot;

	return d->all || !d->info->go[0] ||
	       goframe_is_shown(snapshot_string(s, func),
				snapshot_string(s, file), leaf);
}

void dump_frames(const struct dump_out *d, const struct text_sink *t,
		 uint32_t stack)
{
	const struct snapshot *s = d->snapshot;
	struct clean func, file;
	bool some = false;
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);

	for (uint32_t i = 0; i < depth; i++)
		some |= is_shown(d, f[i].func, f[i].file, i == 0);
	for (uint32_t i = 0; i < depth; i++)
		if (f[i].elided)
			traceback_elided(t, f[i].elided);
		else if (!some || is_shown(d, f[i].func, f[i].file, i == 0))
			traceback_frame(t, clean(&func, s, f[i].func),
					clean(&file, s, f[i].file), f[i].line,
					f[i].offset);
}

void dump_created_by(const struct dump_out *d, const struct text_sink *t,
		     const struct snap_row *row, bool parent)
{
	const struct snapshot *s = d->snapshot;
	struct clean func, file;
	int64_t id = parent && row->creator > 0 ? row->creator : 0;

	if (!row->created_func || row->number[ROW_ID] == 1 ||
	    !is_shown(d, row->created_func, row->created_file, false))
		return;
	traceback_created_by(t, clean(&func, s, row->created_func),
			     (uint64_t)id, clean(&file, s, row->created_file),
			     row->created_line, row->created_offset);
}

static void put_header(const struct dump_out *d, const struct text_sink *t,
		       const struct snap_row *row)
{
	int64_t since = row->number[ROW_SINCE], id = row->number[ROW_ID];
	const char *reason = row_reason(d->snapshot, row);
	const char *torn = row->moving ? "moving" : "stack not read";
	char extra[64] = "";

	if (row->stack != SNAP_NONE || row->state == SNAP_RUNNING)
		torn = "";
	snprintf(extra, sizeof(extra), "%s%s%s",
		 row->locked ? "locked to thread" : "",
		 row->locked && *torn ? ", " : "", torn);
	if (since < 0 || (row->state != SNAP_WAITING &&
			  row->state != SNAP_SYSCALL))
		since = 0;
	traceback_header(t, id < 0 ? 0 : (uint64_t)id, reason,
			 (uint64_t)(since / MINUTE_NS), extra);
}

static void put_row(struct dump_out *d, const struct snap_row *row)
{
	const struct text_sink t = { dump_put, &d->buf };

	put_header(d, &t, row);
	if (row->stack == SNAP_NONE && row->state == SNAP_RUNNING)
		text_put(&t, "\tgoroutine running on other thread; "
			     "stack unavailable\n");
	dump_frames(d, &t, row->stack);
	dump_created_by(d, &t, row, true);
}

int dump_text(struct dump_out *d, struct err *e)
{
	const struct snapshot *s = d->snapshot;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < s->row_count; i++) {
		if (i)
			buf_put_u8(&d->buf, '\n');
		put_row(d, &s->rows[i]);
		rc = dump_flush(d, false, e);
	}
	return rc < 0 ? rc : dump_flush(d, true, e);
}
