/*
 * The header, and what differs between versions, in one table.
 *
 * The magic number changes when a layout does: 1.16, 1.18 and 1.20 did.  Not
 * every change has one: 1.26 stopped telling where the text begins, and ids of
 * functions shift with nearly every release (see gofunc.c).
 */
#include "symbolizer/gotab.h"

#include <errno.h>
#include <inttypes.h>

/* The largest programs known have a tenth of it. */
#define FUNCS_MAX ((uint64_t)1 << 22)

static const struct goversion versions[] = {
	{ .magic = 0xfffffffa, /* 1.16, 1.17 */
	  .parts = 24, .pc_bytes = 8,
	  .name = 8, .depth = 20, .file = 24, .line = 28, .pcdata_count = 32,
	  .unit = 36, .id = 40, .flags = 41, .funcdata_count = 43,
	  .func_bytes = 44, .wrapper_id = 22,
	  .inline_id = 2, .inline_name = 12, .inline_parent = 16,
	  .inline_bytes = 20 },
	{ .magic = 0xfffffff0, /* 1.18, 1.19 */
	  .text = 24, .parts = 32, .pc_bytes = 4,
	  .name = 4, .depth = 16, .file = 20, .line = 24, .pcdata_count = 28,
	  .unit = 32, .id = 36, .flags = 37, .funcdata_count = 39,
	  .func_bytes = 40, .wrapper_id = 21,
	  .inline_id = 2, .inline_name = 12, .inline_parent = 16,
	  .inline_bytes = 20 },
	{ .magic = 0xfffffff1, /* 1.20 and later */
	  .text = 24, .parts = 32, .pc_bytes = 4,
	  .name = 4, .depth = 16, .file = 20, .line = 24, .pcdata_count = 28,
	  .unit = 32, .start_line = 36, .id = 40, .flags = 41,
	  .funcdata_count = 43, .func_bytes = 44, .wrapper_id = 21,
	  .inline_name = 4, .inline_parent = 8, .inline_start = 12,
	  .inline_bytes = 16 },
};

static const struct goversion *version_of(const uint8_t *p)
{
	if (p[4] || p[5] || (p[6] != 1 && p[6] != 2 && p[6] != 4) || p[7] != 8)
		return NULL;
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++)
		if (versions[i].magic == gobytes_word(p))
			return &versions[i];
	return NULL;
}

bool gosym_is_table(const void *p, size_t n)
{
	return n >= 8 && version_of(p);
}

static bool read_parts(struct gotab *t)
{
	struct gobytes *b = &t->bytes;
	uint64_t at = t->version->parts;

	return gobytes_u64(b, 8, &t->func_count) &&
	       gobytes_u64(b, at, &t->names) &&
	       gobytes_u64(b, at + 8, &t->units) &&
	       gobytes_u64(b, at + 16, &t->files) &&
	       gobytes_u64(b, at + 24, &t->values) &&
	       gobytes_u64(b, at + 32, &t->funcs) &&
	       t->names < b->size && t->units < b->size &&
	       t->files < b->size && t->values < b->size &&
	       t->funcs < b->size && t->func_count &&
	       t->func_count <= FUNCS_MAX &&
	       t->func_count <= (b->size - t->funcs) /
				(2 * t->version->pc_bytes);
}

static int read_header(struct gotab *t, struct err *e)
{
	const uint8_t *p = gobytes_at(&t->bytes, 0, 8);

	t->version = p ? version_of(p) : NULL;
	if (!t->version)
		return err_say(e, -ENOEXEC,
			       "no pclntab of Go 1.16 or later is there");
	t->quantum = p[6];
	if (!read_parts(t))
		return err_say(e, -ENOEXEC,
			       "the header of the pclntab makes no sense");
	t->text = t->src.text;
	if (!t->version->text)
		t->text = 0;
	else if (!t->text)
		gobytes_u64(&t->bytes, t->version->text, &t->text);
	if (t->version->text && !t->text)
		return err_say(e, -ENOEXEC, "nothing says where the code of "
			       "the pclntab begins");
	return 0;
}

int gotab_open(struct gotab *t, const struct gosym_source *src, struct err *e)
{
	int rc;

	*t = (struct gotab){ .src = *src };
	rc = gobytes_open(&t->bytes, &t->src);
	if (rc)
		return err_set(e, rc, "a pclntab of %" PRIu64 " bytes",
			       src->table_bytes);
	return read_header(t, e);
}

void gotab_close(struct gotab *t)
{
	gobytes_close(&t->bytes);
}
