#include "lib/serve/live.h"

#include "lib/base/clock.h"

void live_int(struct json *j, const char *name, int64_t v)
{
	json_key(j, name);
	json_int(j, v);
}

void live_uint(struct json *j, const char *name, uint64_t v)
{
	json_key(j, name);
	json_uint(j, v);
}

void live_known(struct json *j, const char *name, uint64_t v, uint64_t unknown)
{
	if (v != unknown)
		live_uint(j, name, v);
}

void live_string(struct json *j, const char *name, const char *v)
{
	json_key(j, name);
	json_str(j, v);
}

void live_begin(struct json *j, struct buf *out)
{
	json_init(j, out);
	json_object_begin(j);
	live_int(j, "schema", LIVE_SCHEMA);
	live_int(j, "time", clock_wall_ns());
}

/* What is not known is absent. */
static void put_frame(struct json *j, uint64_t pc,
		      const struct serve_frame *f)
{
	json_object_begin(j);
	if (f)
		live_string(j, "func", f->func);
	if (f && f->file[0])
		live_string(j, "file", f->file);
	if (f && f->line)
		live_uint(j, "line", f->line);
	json_key(j, "pc");
	json_hex(j, pc);
	json_key(j, "inlined");
	json_bool(j, f && f->inlined);
	json_object_end(j);
}

void live_frames(struct json *j, const struct provider *p,
		 const uint64_t *pcs, size_t n)
{
	json_key(j, "frames");
	json_array_begin(j);
	for (size_t i = 0; i < n; i++) {
		const struct serve_frame *f;
		size_t k = p->frames(p->ctx, serve_call(p, pcs[i], i), &f);

		if (!k)
			put_frame(j, pcs[i], NULL);
		for (size_t at = 0; at < k; at++)
			put_frame(j, pcs[i], &f[at]);
	}
	json_array_end(j);
}
