#include "lib/snapshot/parse_pprof.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/wire/goroutine_text.h"

#define MINUTE_NS INT64_C(60000000000)

enum { MINUTES_MAX = 1 << 24 };

static uint32_t put_slice(struct snapshot *s, struct gtext_slice text)
{
	char copy[STRTAB_STRING_MAX + 1];
	size_t n = text.n < STRTAB_STRING_MAX ? text.n : STRTAB_STRING_MAX;

	if (!text.p)
		return 0;
	memcpy(copy, text.p, n);
	copy[n] = '\0';
	return strtab_put(&s->strings, copy);
}

/* Go's quotes are JSON's but for three escapes. */
static uint32_t put_labels(struct snapshot *s, struct gtext_slice text)
{
	static const struct { const char *go, *json; } escapes[] = {
		{ "\\x", "\\u00" }, { "\\a", "\\u0007" }, { "\\v", "\\u000b" },
	};
	struct buf out = { .cap = STRTAB_STRING_MAX };
	uint32_t id;

	for (size_t i = 0, step; i < text.n; i += step) {
		struct gtext_slice put = { text.p + i, 1 };

		step = text.p[i] == '\\' && i + 1 < text.n ? 2 : 1;
		put.n = step;
		for (size_t k = 0; step == 2 && k < 3; k++)
			if (!memcmp(put.p, escapes[k].go, 2))
				put = (struct gtext_slice){
					escapes[k].json,
					strlen(escapes[k].json),
				};
		buf_put(&out, put.p, put.n);
	}
	id = buf_error(&out) ? 0 : strtab_put(&s->strings, buf_str(&out));
	buf_release(&out);
	return id;
}

static uint32_t put_stack(struct snapshot *s, const struct gtext_record *r)
{
	struct snap_frame f[GTEXT_DEPTH_MAX];

	for (size_t i = 0; i < r->n; i++)
		f[i] = (struct snap_frame){
			.pc = r->frames[i].pc,
			.func = put_slice(s, r->frames[i].func),
			.file = put_slice(s, r->frames[i].file),
			.line = r->frames[i].line,
			.offset = (uint32_t)r->frames[i].offset,
		};
	return r->n ? snapshot_stack(s, f, (uint32_t)r->n) : SNAP_NONE;
}

/* A state's own name, or what is waited for. */
static void put_state(struct snapshot *s, struct snap_row *row,
		      const struct gtext_record *r)
{
	uint32_t id = put_slice(s, r->state);
	enum snap_state state = snap_state_of(snapshot_string(s, id));

	if (!id)
		return;
	row->state = (uint8_t)(state ? state : SNAP_WAITING);
	row->reason = state ? 0 : id;
	if (r->minutes && r->minutes < MINUTES_MAX) {
		row->number[ROW_SINCE] = (int64_t)r->minutes * MINUTE_NS;
		row->at_least = true;
	}
}

static void put_rows(struct snapshot *s, const struct gtext_record *r)
{
	uint32_t stack = put_stack(s, r), labels = put_labels(s, r->labels);
	uint64_t left = r->count;
	struct snap_row *row;

	for (; left && s->row_count < SNAP_ROWS_MAX; left--) {
		row = snapshot_row(s);
		if (!row)
			break;
		row->number[ROW_ID] = r->id;
		row->stack = stack;
		row->labels = labels;
		row->locked = r->locked;
		row->creator = r->creator;
		row->created_func = put_slice(s, r->created.func);
		row->created_file = put_slice(s, r->created.file);
		row->created_line = r->created.line;
		row->created_offset = (uint32_t)r->created.offset;
		put_state(s, row, r);
		s->torn += stack == SNAP_NONE;
	}
	s->dropped += left < INT32_MAX ? (int64_t)left : INT32_MAX;
}

int parse_pprof(struct snapshot *s, const char *body, size_t n, bool full,
		struct err *e)
{
	struct gtext t = gtext(body ? body : "", n);
	struct gtext_record *r = malloc(sizeof(*r));

	if (!r)
		return err_set(e, -ENOMEM, "goroutines");
	if (!full)
		s->total = gtext_total(&t);
	while (full ? gtext_single(&t, r) : gtext_counted(&t, r))
		put_rows(s, r);
	free(r);
	if (full && s->row_count)
		s->total = s->row_count;
	return s->total != SNAP_UNKNOWN ? 0 :
	       err_say(e, -EBADMSG, "answer is no goroutine profile");
}
