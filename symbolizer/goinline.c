/*
 * A record of the tree names a function and a pc of the code it was inlined
 * into, in the same physical function.  At that pc, files, lines and the next
 * record are looked up anew, as the runtime does.  (Up to 1.19 there are also
 * indexes of parents; they lead the same way.)
 */
#include "symbolizer/goinline.h"

#include "symbolizer/govalue.h"

#define TREE_MAX (1 << 20)      /* records of one function */
#define FITS_FUNCS 4096         /* looked at, for so many trees */
#define FITS_TREES 16
#define ID_MAX 64               /* of functions; 23 in 1.27 */

void goinline_begin(struct goinline *i, struct gotab *t, struct godata *d,
		    const struct gofunc *f, uint64_t pc)
{
	*i = (struct goinline){ .tab = t, .data = d, .func = f, .pc = pc,
				.left = SYM_FRAMES_MAX };
	i->values = gofunc_pcdata(t, f, GOFUNC_PCDATA_INLINED);
	if (i->values)
		i->tree = gofunc_funcdata(t, f, GOFUNC_FUNCDATA_INLINED);
}

/* Reads the record LEAF of I's tree, and where its function is called. */
static bool read_call(struct goinline *i, uint32_t leaf,
		      struct goinline_call *out, uint64_t *pc)
{
	const struct goversion *v = i->tab->version;
	const struct gofunc *f = i->func;
	uint8_t record[20];
	uint32_t parent;

	if (!godata_read(i->data, &i->tab->src,
			 i->tree + (uint64_t)leaf * v->inline_bytes, record,
			 v->inline_bytes))
		return false;
	parent = gobytes_word(record + v->inline_parent);
	*pc = f->entry + parent;
	out->name_off = gobytes_word(record + v->inline_name);
	out->name = gobytes_string(&i->tab->bytes,
				   i->tab->names + out->name_off);
	out->start_line = v->inline_start ?
		gobytes_word(record + v->inline_start) : 0;
	out->id = record[v->inline_id];
	return parent < f->end - f->entry;
}

bool goinline_next(struct goinline *i, struct goinline_call *out)
{
	uint64_t pc;
	int32_t leaf;

	if (!i->tree || !i->left ||
	    !govalue_at(i->tab, i->values, i->func->entry, i->pc, &leaf) ||
	    leaf < 0 || leaf >= TREE_MAX ||
	    !read_call(i, (uint32_t)leaf, out, &pc))
		return false;
	i->left--;
	i->pc = pc;
	return true;
}

/* A name begins where another ends. */
static bool is_name(struct gotab *t, const struct goinline_call *call)
{
	const uint8_t *before = gobytes_at(&t->bytes, t->names +
					   call->name_off - 1, 1);

	return call->name && (!call->name_off || (before && !*before));
}

bool goinline_fits(struct gotab *t)
{
	struct godata data = { 0 };
	unsigned int trees = 0;
	bool fits = true;

	for (uint64_t n = 0; fits && n < FITS_FUNCS && trees < FITS_TREES;
	     n++) {
		struct goinline_call call;
		struct goinline i;
		struct gofunc f;
		uint64_t pc;

		if (!gofunc_get(t, n, &f))
			continue;
		goinline_begin(&i, t, &data, &f, f.entry);
		if (!i.tree)
			continue;
		trees++;
		fits = read_call(&i, 0, &call, &pc) && call.id < ID_MAX &&
		       is_name(t, &call);
	}
	godata_release(&data);
	return fits && trees;
}
