#include "lib/snapshot/top_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/snapshot/fields.h"
#include "lib/wire/json.h"

/* What is unknown is left out. */
static void put_number(struct json *j, const char *key, int64_t v)
{
	if (v == SNAP_UNKNOWN)
		return;
	json_key(j, key);
	json_int(j, v);
}

static void put_text(struct json *j, const char *key, const char *s)
{
	if (*s == 0)
		return;
	json_key(j, key);
	json_str(j, s);
}

static void put_target(struct json *j, const struct source_info *info)
{
	json_key(j, "target");
	json_object_begin(j);
	put_text(j, "kind", info->kind);
	put_number(j, "pid", info->pid);
	put_text(j, "exe", info->exe);
	json_object_end(j);
}

static void put_states(struct json *j, const struct groups *g)
{
	json_key(j, "goroutines");
	json_object_begin(j);
	put_number(j, "total", g->snapshot->total);
	for (unsigned int i = SNAP_RUNNING; i < SNAP_STATES; i++)
		put_number(j, snap_state_name(i), g->states[i]);
	json_object_end(j);
}

static void put_reasons(struct json *j, const struct groups *g)
{
	json_key(j, "reasons");
	json_object_begin(j);
	for (uint32_t i = 0; i < g->reason_count; i++)
		put_number(j, snapshot_string(g->snapshot,
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
		put_number(j, "id", sched->ps[i].id);
		put_number(j, "status", sched->ps[i].status);
		put_number(j, "runq", sched->ps[i].runq);
		put_number(j, "m", sched->ps[i].m);
		json_object_end(j);
	}
	json_array_end(j);
	put_number(j, "ms", sched->ms);
}

static void put_frames(struct json *j, const struct snapshot *s, uint32_t id)
{
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(s, id, &depth);

	json_key(j, group_fields[GROUP_WHERE].json_key);
	json_array_begin(j);
	for (uint32_t i = 0; i < depth; i++) {
		json_object_begin(j);
		put_text(j, "func", snapshot_string(s, f[i].func));
		put_text(j, "file", snapshot_string(s, f[i].file));
		if (f[i].line)
			put_number(j, "line", f[i].line);
		if (f[i].pc) {
			json_key(j, "pc");
			json_hex(j, f[i].pc);
		}
		json_key(j, "inlined");
		json_bool(j, f[i].inlined);
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_group(struct json *j, const struct groups *g,
		      const struct group *one)
{
	json_object_begin(j);
	for (int i = 0; i < GROUP_NUMBERS; i++) {
		if (i != GROUP_RATE) {
			put_number(j, group_fields[i].json_key, one->number[i]);
		} else if (one->rated) {
			json_key(j, group_fields[i].json_key);
			json_int(j, rate_rounded(one->number[i]));
		}
	}
	put_text(j, group_fields[GROUP_REASON].json_key, group_reason(g, one));
	put_frames(j, g->snapshot, one->stack);
	json_object_end(j);
}

static void put_collection(struct json *j, const struct snapshot *s)
{
	json_key(j, "collection");
	json_object_begin(j);
	put_number(j, "age_ns", clock_mono_ns() - s->mono_ns);
	put_number(j, "cost_ns", s->cost_ns);
	put_number(j, "dropped", s->dropped);
	put_number(j, "torn", s->torn);
	json_object_end(j);
}

int top_json(struct buf *out, const struct groups *g,
	     const struct source_info *info, uint32_t max)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j);
	put_number(&j, "schema", 1);
	put_number(&j, "time", g->snapshot->time_ns);
	put_target(&j, info);
	put_states(&j, g);
	put_reasons(&j, g);
	put_ps(&j, &g->snapshot->sched);
	json_key(&j, "stacks");
	json_array_begin(&j);
	for (uint32_t i = 0; i < g->n && i < max; i++)
		put_group(&j, g, &g->at[i]);
	json_array_end(&j);
	put_collection(&j, g->snapshot);
	json_object_end(&j);
	return json_finish(&j);
}
