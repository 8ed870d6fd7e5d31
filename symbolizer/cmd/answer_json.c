/*
 * The answer as JSON: what is not known is left out.
 */
#include "symbolizer/cmd/answer.h"

static void put_string(struct json *j, const char *key, const char *s)
{
	if (!s)
		return;
	json_key(j, key);
	json_str(j, s);
}

static void put_number(struct json *j, const char *key, uint32_t v)
{
	if (!v)
		return;
	json_key(j, key);
	json_uint(j, v);
}

static void put_frame(struct json *j, const struct answer *a,
		      const struct sym_frame *f)
{
	json_object_begin(j);
	put_string(j, "func", sym_frame_name(a->sym, f));
	put_string(j, "linkage", f->linkage);
	put_string(j, "symbol", f->symbol);
	put_string(j, "file", f->file);
	put_number(j, "line", f->line);
	put_number(j, "column", f->column);
	put_number(j, "start_line", f->start_line);
	put_number(j, "discriminator", f->discriminator);
	json_key(j, "inlined");
	json_bool(j, f->inlined);
	if (f->nearest) {
		json_key(j, "nearest");
		json_bool(j, true);
	}
	json_object_end(j);
}

void answer_json(struct json *j, const struct answer *a)
{
	char hex[2 * BUILDID_MAX + 1];

	json_object_begin(j);
	json_key(j, "address");
	json_hex(j, a->addr);
	put_string(j, "module", a->module);
	if (a->sym && sym_buildid(a->sym)->n) {
		buildid_hex(sym_buildid(a->sym), hex);
		put_string(j, "build_id", hex);
	}
	json_key(j, "frames");
	json_array_begin(j);
	for (size_t i = 0; i < a->n; i++)
		put_frame(j, a, &a->frames[i]);
	json_array_end(j);
	put_string(j, "reason", a->reason);
	json_object_end(j);
}
