#include "lib/snapshot/snap_json.h"

#include "lib/snapshot/labels.h"

void snap_json_number(struct json *j, const char *key, int64_t v)
{
	if (v == SNAP_UNKNOWN)
		return;
	json_key(j, key);
	json_int(j, v);
}

void snap_json_text(struct json *j, const char *key, const char *s)
{
	if (*s == 0)
		return;
	json_key(j, key);
	json_str(j, s);
}

void snap_json_flag(struct json *j, const char *key, bool on)
{
	if (!on)
		return;
	json_key(j, key);
	json_bool(j, true);
}

void snap_json_labels(struct json *j, const struct snapshot *s,
		      const struct snap_row *row)
{
	struct labels labels;

	labels_read(&labels, snapshot_string(s, row->labels));
	if (labels.n) {
		json_key(j, "labels");
		json_object_begin(j);
		for (size_t i = 0; i < labels.n; i++) {
			json_key(j, labels.at[i].key);
			json_str(j, labels.at[i].value);
		}
		json_object_end(j);
	}
	labels_release(&labels);
}

static void put_wait(struct json *j, const struct snapshot *s,
		     const struct snap_wait *w)
{
	static const char *const does[] = {
		[SNAP_WAIT_UNKNOWN] = "", [SNAP_WAIT_RECEIVE] = "receive",
		[SNAP_WAIT_SEND] = "send", [SNAP_WAIT_ACQUIRE] = "acquire",
	};
	const struct snap_object *o = &s->objects[w->object];

	json_object_begin(j);
	json_key(j, "object");
	json_hex(j, o->address);
	snap_json_text(j, "kind",
		       o->kind == SNAP_CHANNEL ? "channel" : "semaphore");
	snap_json_text(j, "does", does[w->kind]);
	snap_json_number(j, "len", o->len);
	snap_json_number(j, "cap", o->cap);
	snap_json_flag(j, "closed", o->closed);
	snap_json_number(j, "receivers", o->receivers);
	snap_json_number(j, "senders", o->senders);
	snap_json_number(j, "acquirers", o->acquirers);
	json_object_end(j);
}

void snap_json_waits(struct json *j, const struct snapshot *s,
		     const struct snap_row *row)
{
	if (row->wait_count == 0)
		return;
	json_key(j, "waits");
	json_array_begin(j);
	for (uint32_t i = 0; i < row->wait_count; i++)
		put_wait(j, s, &s->waits[row->first_wait + i]);
	json_array_end(j);
}

void snap_json_frames(struct json *j, const char *key,
		      const struct snapshot *s, uint32_t stack)
{
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);

	json_key(j, key);
	json_array_begin(j);
	for (uint32_t i = 0; i < depth; i++) {
		json_object_begin(j);
		snap_json_text(j, "func", snapshot_string(s, f[i].func));
		snap_json_text(j, "file", snapshot_string(s, f[i].file));
		if (f[i].line)
			snap_json_number(j, "line", f[i].line);
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
