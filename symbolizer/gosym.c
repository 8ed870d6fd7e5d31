/*
 * Functions and frames, put together of what the parts of a pclntab say:
 *
 *     gobytes   bytes, fetched when first touched    godata    the same, of
 *     gotab     version and layout                             inline trees
 *     gofunc    functions by address                 goinline  inlined calls
 *     govalue   a number by pc: line, file, depth, inlined call
 */
#include "symbolizer/gosym.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "symbolizer/godata.h"
#include "symbolizer/gofunc.h"
#include "symbolizer/goinline.h"
#include "symbolizer/gotab.h"
#include "symbolizer/govalue.h"
#include "symbolizer/memo.h"

struct gosym {
	struct gotab tab;
	struct godata data;
	struct memo printed;    /* names as tracebacks have them */
	struct hash by_name;    /* ids are numbers of functions, */
	uint64_t named;         /* the first so many are in it */
	uint64_t names_left;    /* bytes of names that may still be put there */
};

int gosym_open(struct gosym **out, const struct gosym_source *src,
	       struct err *e)
{
	struct gosym *g = calloc(1, sizeof(*g));
	int rc;

	if (!g)
		return err_set(e, -ENOMEM, "pclntab");
	rc = gotab_open(&g->tab, src, e);
	if (rc) {
		gosym_close(g);
		return rc;
	}
	g->names_left = g->tab.bytes.size;
	*out = g;
	return 0;
}

void gosym_close(struct gosym *g)
{
	if (!g)
		return;
	hash_release(&g->by_name);
	memo_release(&g->printed);
	godata_release(&g->data);
	gotab_close(&g->tab);
	free(g);
}

/* The place of the function's own code nearest to its entry, where another may
 * have been inlined. */
static uint64_t own_pc(struct gosym *g, const struct gofunc *f)
{
	struct goinline_call call;
	struct goinline i;

	goinline_begin(&i, &g->tab, &g->data, f, f->entry);
	while (goinline_next(&i, &call))
		;
	return i.pc;
}

/* Up to 1.17 no flag says so. */
static bool is_asm(const struct gosym *g, const struct gofunc *f,
		   const char *file)
{
	size_t n = file ? strlen(file) : 0;

	return gofunc_is_asm(f) || (g->tab.version->pc_bytes == 8 && n > 2 &&
				    !strcmp(file + n - 2, ".s"));
}

static bool tell(struct gosym *g, const struct gofunc *f,
		 struct gosym_func *out)
{
	*out = (struct gosym_func){
		.entry = f->entry,
		.end = f->end,
		.name = f->name,
		.file = gofunc_file(&g->tab, f, own_pc(g, f)),
		.start_line = f->start_line,
		.top = gofunc_is_top(&g->tab, f),
		.sp_write = gofunc_writes_sp(f),
		.wrapper = gofunc_is_wrapper(&g->tab, f->id, f->name),
	};
	out->asm_code = is_asm(g, f, out->file);
	return f->name;
}

bool gosym_func(struct gosym *g, uint64_t pc, struct gosym_func *out)
{
	struct gofunc f;

	return gofunc_find(&g->tab, pc, &f) && tell(g, &f, out);
}

bool gosym_depth(struct gosym *g, uint64_t pc, int32_t *out)
{
	struct gofunc f;

	return gofunc_find(&g->tab, pc, &f) &&
	       govalue_at(&g->tab, f.depth, f.entry, pc, out) && *out >= 0;
}

/* Where the bracket at P is closed; NULL: nowhere. */
static const char *closing(const char *p)
{
	size_t open = 0;

	for (; *p; p++) {
		open += *p == '[';
		if (*p == ']' && --open == 0)
			return p;
	}
	return NULL;
}

/* NAME with "..." for the types it is an instance for, NULL when it has none:
 * from the first bracket to the last; since 1.27, where methods of generics
 * may be generic, first the pair of the first. */
static char *print_name(const void *ctx, const char *name)
{
	const struct gosym *g = ctx;
	const char *first = strchr(name, '['), *last = strrchr(name, ']');
	const char *close, *second = NULL;
	char *out = NULL;
	int n;

	if (!first || !last || last < first)
		return NULL;
	if (!g->tab.src.minor || g->tab.src.minor > 26) {
		close = closing(first);
		if (!close)
			return NULL;
		second = strchr(close, '[');
	}
	if (second && second < last)
		n = asprintf(&out, "%.*s[...]%.*s[...]%s", (int)(first - name),
			     name, (int)(second - close - 1), close + 1,
			     last + 1);
	else
		n = asprintf(&out, "%.*s[...]%s", (int)(first - name), name,
			     last + 1);
	return n < 0 ? NULL : out;
}

static void name_frame(struct gosym *g, struct sym_frame *f, const char *name)
{
	f->func = name;
	if (!name || !strchr(name, '['))
		return;
	f->func = memo_get(&g->printed, name, print_name, g);
	/* Up to 1.20 the linker has done it already. */
	f->linkage = strcmp(f->func, name) ? name : NULL;
}

size_t gosym_frames(struct gosym *g, uint64_t pc, struct sym_frame *out,
		    size_t max)
{
	struct goinline_call call;
	struct goinline i;
	struct gofunc f;
	bool inlined;
	size_t n = 0;

	if (!gofunc_find(&g->tab, pc, &f))
		return 0;
	goinline_begin(&i, &g->tab, &g->data, &f, pc);
	for (; n < max; n++) {
		uint64_t at = i.pc;

		inlined = goinline_next(&i, &call);
		if (!inlined)
			call = (struct goinline_call){
				.name = f.name, .start_line = f.start_line,
				.id = f.id
			};
		out[n] = (struct sym_frame){
			.file = gofunc_file(&g->tab, &f, at),
			.line = gofunc_line(&g->tab, &f, at),
			.start_line = call.start_line,
			.inlined = inlined,
			.wrapper = gofunc_is_wrapper(&g->tab, call.id,
						     call.name),
		};
		name_frame(g, &out[n], call.name);
		if (!inlined)
			return n + 1;
	}
	return n;
}

bool gosym_next(struct gosym *g, uint64_t after, struct gosym_func *out)
{
	uint64_t i = after ? gofunc_count_to(&g->tab, after - 1) : 0;

	for (; i < g->tab.func_count; i++) {
		struct gofunc f;

		if (gofunc_get(&g->tab, i, &f) && f.entry >= after &&
		    tell(g, &f, out))
			return true;
	}
	return false;
}

static bool same_name(const void *ctx, uint32_t id, const void *key)
{
	/* Asking does not change what is known, only how much was fetched. */
	struct gosym *g = (struct gosym *)(uintptr_t)ctx;
	struct gofunc f;

	return gofunc_get(&g->tab, id, &f) && f.name && !strcmp(f.name, key);
}

/* Goes on naming functions up to the one called NAME.  Names may overlap in a
 * hostile table: together they are no longer than it. */
static bool name_until(struct gosym *g, const char *name, struct gofunc *f)
{
	while (g->named < g->tab.func_count) {
		uint64_t i = g->named++;
		size_t n;

		if (!gofunc_get(&g->tab, i, f) || !f->name)
			continue;
		n = strlen(f->name);
		if (n > g->names_left || hash_add(&g->by_name,
						  hash_bytes(f->name, n),
						  (uint32_t)i)) {
			g->named = g->tab.func_count;
			return false;
		}
		g->names_left -= n;
		if (!strcmp(f->name, name))
			return true;
	}
	return false;
}

bool gosym_named(struct gosym *g, const char *name, struct gosym_func *out)
{
	struct gofunc f;
	int64_t id = hash_find(&g->by_name, hash_bytes(name, strlen(name)),
			       same_name, g, name);
	bool found = id >= 0 ? gofunc_get(&g->tab, (uint64_t)id, &f) :
		     name_until(g, name, &f);

	return found && tell(g, &f, out);
}
