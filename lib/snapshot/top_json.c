#include "lib/snapshot/top_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/snapshot/fields.h"
#include "lib/snapshot/snap_json.h"
#include "lib/wire/json.h"

static void put_target(struct json *j, const struct source_info *info)
{
	json_key(j, "target");
	json_object_begin(j);
	snap_json_text(j, "kind", info->kind);
	snap_json_number(j, "pid", info->pid);
	snap_json_text(j, "exe", info->exe);
	snap_json_text(j, "go", info->go);
	if (info->dumped_ns)
		snap_json_number(j, "dumped", info->dumped_ns);
	snap_json_text(j, "note", info->note);
	json_object_end(j);
}

static void put_states(struct json *j, const struct groups *g)
{
	json_key(j, "goroutines");
	json_object_begin(j);
	snap_json_number(j, "total", g->snapshot->total);
	for (unsigned int i = SNAP_RUNNING; i < SNAP_STATES; i++)
		snap_json_number(j, snap_state_name(i), groups_in_state(g, i));
	json_object_end(j);
}

static void put_reasons(struct json *j, const struct groups *g)
{
	json_key(j, "reasons");
	json_object_begin(j);
	for (uint32_t i = 0; i < g->reason_count; i++)
		snap_json_number(j, snapshot_string(g->snapshot,
						    g->reasons[i].reason),
				 g->reasons[i].count);
	json_object_end(j);
}

static void put_ps(struct json *j, const struct snap_sched *sched)
{
	json_key(j, "ps");
	json_array_begin(j);
	for (uint32_t i = 0; i < sched->p_count; i++) {
		json_object_begin(j);
		snap_json_number(j, "id", sched->ps[i].id);
		snap_json_number(j, "status", sched->ps[i].status);
		snap_json_number(j, "runq", sched->ps[i].runq);
		snap_json_number(j, "m", sched->ps[i].m);
		json_object_end(j);
	}
	json_array_end(j);
	snap_json_number(j, "ms", sched->ms);
}

static void put_group(struct json *j, const struct groups *g,
		      const struct group *one)
{
	json_object_begin(j);
	for (int i = 0; i < GROUP_NUMBERS; i++) {
		if (i != GROUP_RATE) {
			snap_json_number(j, group_fields[i].json_key,
					 one->number[i]);
		} else if (one->rated) {
			json_key(j, group_fields[i].json_key);
			json_int(j, rate_rounded(one->number[i]));
		}
	}
	snap_json_text(j, group_fields[GROUP_REASON].json_key,
		       group_reason(g, one));
	snap_json_flag(j, "at_least", one->at_least);
	snap_json_flag(j, "system", one->system);
	snap_json_frames(j, group_fields[GROUP_WHERE].json_key, g->snapshot,
			 one->stack);
	json_object_end(j);
}

static void put_created_by(struct json *j, const struct snapshot *s,
			   const struct snap_row *row)
{
	if (!row->created_func)
		return;
	json_key(j, row_fields[ROW_CREATED].json_key);
	json_object_begin(j);
	snap_json_text(j, "func", snapshot_string(s, row->created_func));
	snap_json_text(j, "file", snapshot_string(s, row->created_file));
	if (row->created_line)
		snap_json_number(j, "line", row->created_line);
	snap_json_number(j, "goroutine", row->creator);
	json_object_end(j);
}

static void put_row(struct json *j, const struct snapshot *s,
		    const struct snap_row *row)
{
	json_object_begin(j);
	for (int i = 0; i < ROW_NUMBERS; i++)
		snap_json_number(j, row_fields[i].json_key, row->number[i]);
	snap_json_text(j, row_fields[ROW_STATE].json_key,
		       snap_state_name(row->state));
	snap_json_text(j, row_fields[ROW_REASON].json_key,
		       snapshot_string(s, row->reason));
	snap_json_flag(j, "at_least", row->at_least);
	snap_json_flag(j, "locked", row->locked);
	snap_json_flag(j, "moving", row->moving);
	snap_json_flag(j, "system", row->system);
	snap_json_text(j, "entry", snapshot_string(s, row->entry));
	put_created_by(j, s, row);
	snap_json_labels(j, s, row);
	if (row->wait_on) {
		json_key(j, "wait_on");
		json_hex(j, row->wait_on);
	}
	snap_json_waits(j, s, row);
	if (row->stack != SNAP_NONE)
		snap_json_frames(j, row_fields[ROW_WHERE].json_key, s,
				 row->stack);
	json_object_end(j);
}

static void put_rows(struct json *j, const struct snapshot *s,
		     struct rows *rows)
{
	json_key(j, "rows");
	json_array_begin(j);
	for (uint32_t i = 0; i < rows_count(rows); i++)
		put_row(j, s, rows_at(rows, i));
	json_array_end(j);
}

static void put_collection(struct json *j, const struct snapshot *s)
{
	json_key(j, "collection");
	json_object_begin(j);
	snap_json_number(j, "age_ns", clock_mono_ns() - s->mono_ns);
	snap_json_number(j, "cost_ns", s->cost_ns);
	snap_json_number(j, "dropped", s->dropped);
	snap_json_number(j, "torn", s->torn);
	json_object_end(j);
}

int top_json(struct buf *out, const struct groups *g, struct rows *rows,
	     const struct source_info *info)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j);
	snap_json_number(&j, "schema", 1);
	snap_json_number(&j, "time", g->snapshot->time_ns);
	put_target(&j, info);
	put_states(&j, g);
	put_reasons(&j, g);
	put_ps(&j, &g->snapshot->sched);
	json_key(&j, "stacks");
	json_array_begin(&j);
	for (uint32_t i = 0; i < g->n; i++)
		put_group(&j, g, &g->at[i]);
	json_array_end(&j);
	if (rows)
		put_rows(&j, g->snapshot, rows);
	put_collection(&j, g->snapshot);
	json_object_end(&j);
	return json_finish(&j);
}
