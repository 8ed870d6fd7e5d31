/*
 * Functions: a sorted array of {entry, offset of the record}, with one more
 * entry behind the last for its end; records of fixed size with the offsets
 * of their pcdata and funcdata behind them.
 *
 * Not used: findfunctab, the runtime's index into that array.  It lies
 * elsewhere, and a dozen steps of binary search cost less than reading it.
 *
 * What a function is to a walk of the stack is told by flags since 1.17.  Ids
 * tell it too, but shift with nearly every release and no magic number says
 * so; names do not shift.  The one id that is needed, that of wrappers, is the
 * greatest of its release, and names tell it from those that have grown past
 * the oldest's.
 */
#include "symbolizer/gofunc.h"

#include <string.h>

#include "symbolizer/govalue.h"

enum { FLAG_TOP = 1, FLAG_WRITES_SP = 2, FLAG_ASM = 4 };

static uint64_t entry_of(struct gotab *t, const uint8_t *p)
{
	uint64_t pc;

	if (t->version->pc_bytes == 4)
		return t->text + gobytes_word(p);
	memcpy(&pc, p, sizeof(pc));
	return pc;
}

/* The I-th entry of the array; i may be func_count, for the end. */
static const uint8_t *slot(struct gotab *t, uint64_t i)
{
	size_t pc_bytes = t->version->pc_bytes;

	return gobytes_at(&t->bytes, t->funcs + i * 2 * pc_bytes,
			  i < t->func_count ? 2 * pc_bytes : pc_bytes);
}

uint64_t gofunc_count_to(struct gotab *t, uint64_t pc)
{
	uint64_t lo = 0, hi = t->func_count;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		const uint8_t *p = slot(t, mid);

		if (p && entry_of(t, p) <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void read_record(struct gotab *t, const uint8_t *p,
			struct gofunc *out)
{
	const struct goversion *v = t->version;

	out->name = gobytes_string(&t->bytes,
				   t->names + gobytes_word(p + v->name));
	out->depth = gobytes_word(p + v->depth);
	out->file = gobytes_word(p + v->file);
	out->line = gobytes_word(p + v->line);
	out->unit = gobytes_word(p + v->unit);
	out->start_line = v->start_line ? gobytes_word(p + v->start_line) : 0;
	out->pcdata_count = gobytes_word(p + v->pcdata_count);
	out->funcdata_count = p[v->funcdata_count];
	out->id = p[v->id];
	out->flags = p[v->flags];
}

bool gofunc_get(struct gotab *t, uint64_t i, struct gofunc *out)
{
	const uint8_t *here, *next, *record;
	uint64_t off;

	if (i >= t->func_count)
		return false;
	here = slot(t, i);
	next = slot(t, i + 1);
	if (!here || !next)
		return false;
	out->entry = entry_of(t, here);
	out->end = entry_of(t, next);
	if (t->src.etext && out->end > t->src.etext)
		out->end = t->src.etext;
	here += t->version->pc_bytes;
	if (t->version->pc_bytes == 8)
		memcpy(&off, here, sizeof(off));
	else
		off = gobytes_word(here);
	if (off > t->bytes.size || out->end <= out->entry)
		return false;
	out->record = t->funcs + off;
	record = gobytes_at(&t->bytes, out->record, t->version->func_bytes);
	if (record)
		read_record(t, record, out);
	return record;
}

bool gofunc_find(struct gotab *t, uint64_t pc, struct gofunc *out)
{
	uint64_t n = gofunc_count_to(t, pc);

	return n && gofunc_get(t, n - 1, out) && pc >= out->entry &&
	       pc < out->end;
}

uint32_t gofunc_pcdata(struct gotab *t, const struct gofunc *f,
		       enum gofunc_pcdata which)
{
	uint32_t off;

	if ((uint32_t)which >= f->pcdata_count ||
	    !gobytes_u32(&t->bytes, f->record + t->version->func_bytes +
			 4 * (uint64_t)which, &off))
		return 0;
	return off;
}

/* Before 1.18 these are addresses, and aligned. */
static uint64_t funcdata_address(struct gotab *t, uint64_t at, uint32_t which)
{
	uint64_t address;

	at = (at + 7) & ~(uint64_t)7;
	return gobytes_u64(&t->bytes, at + 8 * (uint64_t)which, &address) ?
		address : 0;
}

uint64_t gofunc_funcdata(struct gotab *t, const struct gofunc *f,
			 enum gofunc_funcdata which)
{
	uint64_t at = f->record + t->version->func_bytes +
		      4 * (uint64_t)f->pcdata_count;
	uint32_t off;

	if ((uint32_t)which >= f->funcdata_count)
		return 0;
	if (t->version->pc_bytes == 8)
		return funcdata_address(t, at, which);
	if (!t->src.gofunc ||
	    !gobytes_u32(&t->bytes, at + 4 * (uint64_t)which, &off) ||
	    off == UINT32_MAX)
		return 0;
	return t->src.gofunc + off;
}

const char *gofunc_file(struct gotab *t, const struct gofunc *f, uint64_t pc)
{
	uint32_t off;
	int32_t i;

	if (!govalue_at(t, f->file, f->entry, pc, &i) || i < 0 ||
	    !gobytes_u32(&t->bytes, t->units +
			 4 * ((uint64_t)f->unit + (uint32_t)i), &off) ||
	    off == UINT32_MAX)
		return NULL;
	return gobytes_string(&t->bytes, t->files + off);
}

uint32_t gofunc_line(struct gotab *t, const struct gofunc *f, uint64_t pc)
{
	int32_t line;

	return govalue_at(t, f->line, f->entry, pc, &line) && line > 0 ?
		(uint32_t)line : 0;
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; name && *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

bool gofunc_is_wrapper(const struct gotab *t, uint8_t id, const char *name)
{
	static const char *const others[] = {
		"runtime.sigpanic", "runtime.systemstack",
		"runtime.systemstack_switch", NULL
	};

	return id >= t->version->wrapper_id && !is_one_of(name, others);
}

bool gofunc_is_top(const struct gotab *t, const struct gofunc *f)
{
	/* As 1.16, which has no flags, has them. */
	static const char *const tops[] = {
		"runtime.goexit", "runtime.mstart", "runtime.mcall",
		"runtime.morestack", "runtime.rt0_go", NULL
	};

	return f->flags & FLAG_TOP ||
	       (t->version->pc_bytes == 8 && is_one_of(f->name, tops));
}

bool gofunc_writes_sp(const struct gofunc *f)
{
	return f->flags & FLAG_WRITES_SP;
}

bool gofunc_is_asm(const struct gofunc *f)
{
	return f->flags & FLAG_ASM;
}
