/*
 * Equal stacks once, most goroutines first: how many, how long the longest
 * waits, some ids to ask for, who created them and how many each.
 */
#include "pgo-trace/dump_out.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/safe_text.h"
#include "lib/snapshot/snap_json.h"
#include "pgo-trace/units.h"

enum { IDS_SHOWN = 5, IDS_JSON = 1000 };

/* The rows of one group, by who created them. */
struct creators {
	const struct snap_row **rows;
	uint32_t n;
};

static int by_creator(const void *a, const void *b)
{
	const struct snap_row *x = *(const struct snap_row *const *)a;
	const struct snap_row *y = *(const struct snap_row *const *)b;

	if (x->created_func != y->created_func)
		return x->created_func < y->created_func ? -1 : 1;
	if (x->created_file != y->created_file)
		return x->created_file < y->created_file ? -1 : 1;
	return (x->created_line > y->created_line) -
	       (x->created_line < y->created_line);
}

/* C, which has room for all rows, gets those of ONE. */
static void creators_of(struct creators *c, const struct groups *g,
			const struct group *one)
{
	c->n = (uint32_t)one->number[GROUP_COUNT];
	for (uint32_t i = 0; i < c->n; i++)
		c->rows[i] = &g->snapshot->rows[g->rows[one->first + i]];
	qsort(c->rows, c->n, sizeof(*c->rows), by_creator);
}

/* How many from FROM on have the same creator. */
static uint32_t same_creator(const struct creators *c, uint32_t from)
{
	uint32_t n = 1;

	while (from + n < c->n &&
	       by_creator(&c->rows[from], &c->rows[from + n]) == 0)
		n++;
	return n;
}

/* Text ----------------------------------------------------------------------*/

static void put_ids(struct dump_out *d, const struct groups *g,
		    const struct group *one)
{
	int64_t n = one->number[GROUP_COUNT];
	int64_t shown = n < IDS_SHOWN ? n : IDS_SHOWN;

	if (g->snapshot->rows[g->rows[one->first]].number[ROW_ID] < 0)
		return;
	for (int64_t i = 0; i < shown; i++)
		buf_printf(&d->buf, " %" PRId64,
			   g->snapshot->rows[g->rows[one->first + i]]
				   .number[ROW_ID]);
	if (n > shown)
		buf_put_str(&d->buf, " ...");
}

/* What is known of them: " [chan receive, longest 5.20s]". */
static void put_state(struct dump_out *d, const struct groups *g,
		      const struct group *one)
{
	int64_t longest = one->number[GROUP_WAIT_MAX];
	const char *reason = group_reason(g, one);
	char what[STRTAB_STRING_MAX + 1], wait[32];

	if (!*reason)
		return;
	safe_text(what, sizeof(what), reason, strlen(reason));
	buf_printf(&d->buf, " [%s", what);
	if (longest > 0)
		buf_printf(&d->buf, ", longest %s%s", one->at_least ? ">=" : "",
			   unit_label(wait, sizeof(wait), longest,
				      "nanoseconds", "minimum"));
	buf_put_u8(&d->buf, ']');
}

static void put_title(struct dump_out *d, const struct groups *g,
		      const struct group *one)
{
	int64_t n = one->number[GROUP_COUNT];

	buf_printf(&d->buf, "%" PRId64 " goroutine%s", n, n == 1 ? "" : "s");
	put_state(d, g, one);
	buf_put_u8(&d->buf, ':');
	put_ids(d, g, one);
	buf_put_u8(&d->buf, '\n');
}

static void put_creators(struct dump_out *d, const struct creators *c)
{
	const struct text_sink t = { dump_put, &d->buf };

	for (uint32_t i = 0, n; i < c->n; i += n) {
		size_t before = d->buf.len;

		n = same_creator(c, i);
		dump_created_by(d, &t, c->rows[i], false);
		if (n < c->n && d->buf.len > before)
			buf_printf(&d->buf, "\t%" PRIu32 " of them\n", n);
	}
}

/* JSON ----------------------------------------------------------------------*/

static void put_json_ids(struct json *j, const struct groups *g,
			 const struct group *one)
{
	json_key(j, "goroutines");
	json_array_begin(j);
	for (uint32_t i = 0; i < one->number[GROUP_COUNT] && i < IDS_JSON;
	     i++) {
		uint32_t row = g->rows[one->first + i];

		if (g->snapshot->rows[row].number[ROW_ID] >= 0)
			json_int(j, g->snapshot->rows[row].number[ROW_ID]);
	}
	json_array_end(j);
}

static void put_json(const struct dump_out *d, struct json *j,
		     const struct groups *g, const struct group *one,
		     const struct creators *c)
{
	json_object_begin(j);
	snap_json_number(j, "count", one->number[GROUP_COUNT]);
	snap_json_text(j, "state", snap_state_name(one->state));
	snap_json_text(j, "reason", snapshot_string(d->snapshot, one->reason));
	snap_json_number(j, "wait_max_ns", one->number[GROUP_WAIT_MAX]);
	snap_json_number(j, "wait_p50_ns", one->number[GROUP_WAIT_P50]);
	snap_json_number(j, "stack_bytes", one->number[GROUP_STACK_BYTES]);
	put_json_ids(j, g, one);
	json_key(j, "created_by");
	json_array_begin(j);
	for (uint32_t i = 0, n; i < c->n; i += n) {
		n = same_creator(c, i);
		if (c->rows[i]->created_func)
			dump_creator_json(d, j, c->rows[i], n);
	}
	json_array_end(j);
	if (one->stack != SNAP_NONE)
		snap_json_frames(j, "frames", d->snapshot, one->stack);
	json_object_end(j);
}

/* ---------------------------------------------------------------------------*/

/* With JSON, into that. */
static int put_groups(struct dump_out *d, struct json *j,
		      const struct groups *g, struct creators *c,
		      struct err *e)
{
	const struct text_sink t = { dump_put, &d->buf };
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < g->n; i++) {
		creators_of(c, g, &g->at[i]);
		if (j) {
			put_json(d, j, g, &g->at[i], c);
		} else {
			if (i)
				buf_put_u8(&d->buf, '\n');
			put_title(d, g, &g->at[i]);
			dump_frames(d, &t, g->at[i].stack);
			put_creators(d, c);
		}
		rc = dump_flush(d, false, e);
	}
	return rc;
}

static int dump_groups(struct dump_out *d, struct json *j, struct err *e)
{
	const struct group_order order = { GROUP_COUNT, true };
	struct creators c = { 0 };
	struct groups g;
	int rc = groups_init(&g, d->snapshot);

	c.rows = calloc(d->snapshot->row_count + 1, sizeof(*c.rows));
	if (rc < 0 || !c.rows) {
		rc = err_set(e, -ENOMEM, "groups");
	} else {
		groups_sort(&g, order, g.n);
		rc = put_groups(d, j, &g, &c, e);
	}
	groups_release(&g);
	free(c.rows);
	return rc;
}

int dump_group_text(struct dump_out *d, struct err *e)
{
	int rc = dump_groups(d, NULL, e);

	return rc < 0 ? rc : dump_flush(d, true, e);
}

int dump_group_json(struct dump_out *d, struct err *e)
{
	struct json j;
	int rc;

	json_init(&j, &d->buf);
	dump_json_begin(d, &j);
	json_key(&j, "groups");
	json_array_begin(&j);
	rc = dump_groups(d, &j, e);
	json_array_end(&j);
	return rc < 0 ? rc : dump_json_end(d, &j, e);
}
