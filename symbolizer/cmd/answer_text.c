/*
 * The text of addr2line, byte for byte, with what parsers have come to rely
 * on: "??:0" for an address of no section, "??:?" for a function without a
 * line, and the discriminator of the innermost frame at all of them.
 */
#include "symbolizer/cmd/answer.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/safe_text.h"

#define NAME_BYTES_MAX 65536    /* printed of a name */

/* S, which comes from a file, on its way to a terminal. */
static void put_safe(struct buf *out, const char *s)
{
	size_t n = strnlen(s, NAME_BYTES_MAX);
	uint8_t *to = buf_reserve(out, n + 1);

	if (to)
		out->len += safe_text((char *)to, n + 1, s, n);
}

static const char *name_of(const struct answer *a, const struct sym_frame *f,
			   bool demangled)
{
	const char *name = f->linkage ? f->linkage : f->func;

	if (!name)
		name = f->symbol;
	if (!name || !*name)
		return "??";
	return demangled ? sym_demangle(a->sym, name) : name;
}

static void put_function(struct buf *out, const char *name, bool pretty,
			 const char *joint)
{
	put_safe(out, name);
	buf_put_str(out, pretty ? joint : "\n");
}

static void put_place(struct buf *out, const struct sym_frame *f,
		      bool basename, uint32_t discriminator)
{
	const char *slash = f->file && basename ? strrchr(f->file, '/') : NULL;

	put_safe(out, slash ? slash + 1 : f->file ? f->file : "??");
	if (!f->line)
		buf_put_str(out, ":?\n");
	else if (discriminator)
		buf_printf(out, ":%u (discriminator %u)\n", f->line,
			   discriminator);
	else
		buf_printf(out, ":%u\n", f->line);
}

void answer_text(struct buf *out, const struct answer *a,
		 const struct sym_options *o)
{
	size_t n = o->inlines || !a->n ? a->n : 1;

	if (o->addresses)
		buf_printf(out, "0x%016" PRIx64 "%s", a->addr,
			   o->pretty ? ": " : "\n");
	if (!n || !a->loaded) {
		if (o->functions)
			put_function(out, "??", o->pretty, " ");
		buf_put_str(out, "??:0\n");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct sym_frame *f = &a->frames[i];

		if (i && o->pretty)
			buf_put_str(out, " (inlined by) ");
		if (o->functions)
			put_function(out, name_of(a, f, o->demangle),
				     o->pretty, " at ");
		put_place(out, f, o->basenames, a->frames[0].discriminator);
	}
}
