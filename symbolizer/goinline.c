/*
 * A record of the tree names a function and a pc of the code it was inlined
 * into, in the same physical function.  At that pc, files, lines and the next
 * record are looked up anew, as the runtime does.  (Up to 1.19 there are also
 * indexes of parents; they lead the same way.)
 */
#include "symbolizer/goinline.h"

#include "symbolizer/govalue.h"

#define TREE_MAX (1 << 20)      /* records of one function */

void goinline_begin(struct goinline *i, struct gotab *t, struct godata *d,
		    const struct gofunc *f, uint64_t pc)
{
	*i = (struct goinline){ .tab = t, .data = d, .func = f, .pc = pc,
				.left = SYM_FRAMES_MAX };
	i->values = gofunc_pcdata(t, f, GOFUNC_PCDATA_INLINED);
	if (i->values)
		i->tree = gofunc_funcdata(t, f, GOFUNC_FUNCDATA_INLINED);
}

bool goinline_next(struct goinline *i, struct goinline_call *out)
{
	const struct goversion *v = i->tab->version;
	const struct gofunc *f = i->func;
	uint8_t record[20];
	uint64_t name;
	int32_t leaf;

	if (!i->tree || !i->left ||
	    !govalue_at(i->tab, i->values, f->entry, i->pc, &leaf) ||
	    leaf < 0 || leaf >= TREE_MAX ||
	    !godata_read(i->data, &i->tab->src,
			 i->tree + (uint64_t)leaf * v->inline_bytes, record,
			 v->inline_bytes) ||
	    gobytes_word(record + v->inline_parent) >= f->end - f->entry)
		return false;
	i->left--;
	i->pc = f->entry + gobytes_word(record + v->inline_parent);
	name = i->tab->names + gobytes_word(record + v->inline_name);
	out->name = gobytes_string(&i->tab->bytes, name);
	out->start_line = v->inline_start ?
		gobytes_word(record + v->inline_start) : 0;
	out->id = record[v->inline_id];
	return true;
}
