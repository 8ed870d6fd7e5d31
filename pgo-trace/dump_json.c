/* Goroutines one by one as JSON, with all frames: who reads it can leave some
 * out himself. */
#include "pgo-trace/dump_out.h"

#include "lib/snapshot/fields.h"
#include "lib/snapshot/snap_json.h"

void dump_creator_json(const struct dump_out *d, struct json *j,
		       const struct snap_row *row, int64_t count)
{
	const struct snapshot *s = d->snapshot;

	json_object_begin(j);
	snap_json_text(j, "func", snapshot_string(s, row->created_func));
	snap_json_text(j, "file", snapshot_string(s, row->created_file));
	if (row->created_line)
		snap_json_number(j, "line", row->created_line);
	if (count)
		snap_json_number(j, "count", count);
	else
		snap_json_number(j, "goroutine", row->creator);
	json_object_end(j);
}

static void put_stack(struct json *j, const struct snap_row *row)
{
	json_key(j, "stack");
	json_object_begin(j);
	snap_json_number(j, "bytes", row->number[ROW_STACK_BYTES]);
	snap_json_number(j, "used", row->number[ROW_STACK_USED]);
	snap_json_number(j, "segments", row->number[ROW_SEGMENTS]);
	json_object_end(j);
}

/* Where it ran, how often, how long. */
static void put_runs(struct json *j, const struct snap_row *row)
{
	static const enum snap_number numbers[] = {
		ROW_M, ROW_P, ROW_RUNS, ROW_LAST_P, ROW_WOKEN_BY, ROW_RUN,
		ROW_READY, ROW_BLOCKED,
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		snap_json_number(j, row_fields[numbers[i]].json_key,
				 row->number[numbers[i]]);
}

static void put_row(const struct dump_out *d, struct json *j,
		    const struct snap_row *row)
{
	const struct snapshot *s = d->snapshot;

	json_object_begin(j);
	snap_json_number(j, "id", row->number[ROW_ID]);
	snap_json_text(j, "state", snap_state_name(row->state));
	snap_json_text(j, "reason", snapshot_string(s, row->reason));
	snap_json_number(j, "since_ns", row->number[ROW_SINCE]);
	snap_json_flag(j, "at_least", row->at_least);
	snap_json_flag(j, "locked", row->locked);
	snap_json_flag(j, "moving", row->moving);
	snap_json_flag(j, "system", row->system);
	if (row->created_func || row->creator != SNAP_UNKNOWN) {
		json_key(j, "created_by");
		dump_creator_json(d, j, row, 0);
	}
	snap_json_text(j, "entry", snapshot_string(s, row->entry));
	snap_json_labels(j, s, row);
	put_stack(j, row);
	put_runs(j, row);
	snap_json_waits(j, s, row);
	if (row->stack != SNAP_NONE)
		snap_json_frames(j, "frames", s, row->stack);
	json_object_end(j);
}

void dump_json_begin(const struct dump_out *d, struct json *j)
{
	const struct snapshot *s = d->snapshot;

	json_object_begin(j);
	snap_json_number(j, "schema", 1);
	snap_json_number(j, "time", s->time_ns);
	json_key(j, "target");
	json_object_begin(j);
	snap_json_text(j, "kind", d->info->kind);
	snap_json_number(j, "pid", d->info->pid);
	snap_json_text(j, "exe", d->info->exe);
	snap_json_text(j, "go", d->info->go);
	json_object_end(j);
	snap_json_number(j, "total", s->total);
	snap_json_number(j, "torn", s->torn);
	snap_json_number(j, "dropped", s->dropped);
}

int dump_json_end(struct dump_out *d, struct json *j, struct err *e)
{
	int rc;

	json_object_end(j);
	buf_put_u8(&d->buf, '\n');
	rc = json_finish(j);
	return rc < 0 ? err_set(e, rc, "output") : dump_flush(d, true, e);
}

int dump_json(struct dump_out *d, struct err *e)
{
	const struct snapshot *s = d->snapshot;
	struct json j;
	int rc = 0;

	json_init(&j, &d->buf);
	dump_json_begin(d, &j);
	json_key(&j, "goroutines");
	json_array_begin(&j);
	for (uint32_t i = 0; rc == 0 && i < s->row_count; i++) {
		put_row(d, &j, &s->rows[i]);
		rc = dump_flush(d, false, e);
	}
	json_array_end(&j);
	return rc < 0 ? rc : dump_json_end(d, &j, e);
}
