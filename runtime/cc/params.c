/*
 * The x86-64 calling convention over DWARF types.
 *
 * Scalars take a register of their class while there are any.  A struct of
 * up to 16 bytes takes registers by the classes of its two eightbytes, all or
 * none; a larger one, or one with x87 fields, lies on the stack.  Whatever is
 * unusual here (variadic, unprototyped, vectors, packed) is "not for sure":
 * then the thunk copies what there is.
 */

#include "runtime/cc/params.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <string.h>

#include "runtime/cc/mem.h"
#include "runtime/cc/names.h"

enum class { NONE, INTEGER, SSE, MEMORY, UNSURE };

struct arg {
	enum class half[2];
	unsigned bytes;
};

struct regs {
	unsigned gpr, sse;
	unsigned long stack;
};

static enum class merge(enum class a, enum class b)
{
	if (a == UNSURE || b == UNSURE)
		return UNSURE;
	if (a == MEMORY || b == MEMORY)
		return MEMORY;
	return a == INTEGER || b == INTEGER ? INTEGER : a == NONE ? b : a;
}

static void put(struct arg *a, unsigned at, unsigned bytes, enum class what)
{
	if (at + bytes > 16)
		what = UNSURE;
	a->half[at / 8 & 1] = merge(a->half[at / 8 & 1], what);
	if (bytes > 8 && at == 0)
		a->half[1] = merge(a->half[1], what);
}

static void put_base(struct arg *a, Dwarf_Die *type, unsigned at,
		     unsigned bytes)
{
	Dwarf_Attribute attr;
	Dwarf_Word enc = 0;
	const char *name = dwarf_diename(type);

	dwarf_formudata(dwarf_attr(type, DW_AT_encoding, &attr), &enc);
	if (enc == DW_ATE_float && name && strstr(name, "128"))
		a->half[0] = a->half[1] = at ? UNSURE : SSE;
	else if (enc == DW_ATE_float && bytes == 16)
		put(a, at, bytes, MEMORY);
	else if (enc == DW_ATE_complex_float && bytes > 16)
		a->half[0] = MEMORY;
	else if (enc == DW_ATE_float || enc == DW_ATE_complex_float)
		put(a, at, bytes, SSE);
	else
		put(a, at, bytes, INTEGER);
}

static void put_type(struct arg *a, Dwarf_Die *die, unsigned at, int depth);

static void put_members(struct arg *a, Dwarf_Die *type, unsigned at,
			int depth)
{
	Dwarf_Attribute attr;
	Dwarf_Die m, mt;
	Dwarf_Word off;

	if (dwarf_child(type, &m))
		return;
	do {
		if (dwarf_tag(&m) != DW_TAG_member)
			continue;
		off = 0;
		dwarf_formudata(dwarf_attr(&m, DW_AT_data_member_location,
					   &attr), &off);
		if (dwarf_hasattr(&m, DW_AT_bit_size))
			put(a, at, 1, UNSURE);
		else if (off < 16 && dwarf_formref_die(dwarf_attr(&m,
					DW_AT_type, &attr), &mt))
			put_type(a, &mt, at + (unsigned)off, depth + 1);
		else
			put(a, 0, 1, UNSURE);
	} while (!dwarf_siblingof(&m, &m));
}

static void put_type(struct arg *a, Dwarf_Die *die, unsigned at, int depth)
{
	Dwarf_Word bytes = 0;
	Dwarf_Die type;

	if (depth > 16 || dwarf_peel_type(die, &type) ||
	    dwarf_aggregate_size(&type, &bytes) || bytes > 1u << 20) {
		a->half[0] = UNSURE;
		return;
	}
	if (depth == 0)
		a->bytes = (unsigned)bytes;
	switch (dwarf_tag(&type)) {
	case DW_TAG_pointer_type:
	case DW_TAG_enumeration_type:
		put(a, at, (unsigned)bytes, INTEGER);
		break;
	case DW_TAG_base_type:
		put_base(a, &type, at, (unsigned)bytes);
		break;
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		if (bytes > 16 && depth == 0)
			a->half[0] = MEMORY;
		else
			put_members(a, &type, at, depth);
		break;
	default:
		a->half[0] = UNSURE;
	}
}

static unsigned alignment(Dwarf_Die *die, int depth);

static unsigned member_alignment(Dwarf_Die *type, int depth)
{
	Dwarf_Attribute attr;
	Dwarf_Die m, mt;
	unsigned most = 1, a;

	if (dwarf_child(type, &m))
		return most;
	do {
		if (dwarf_tag(&m) != DW_TAG_member ||
		    !dwarf_formref_die(dwarf_attr(&m, DW_AT_type, &attr), &mt))
			continue;
		a = alignment(&mt, depth + 1);
		most = a > most ? a : most;
	} while (!dwarf_siblingof(&m, &m));
	return most;
}

/* What a type asks of its address; it decides about gaps on the stack. */
static unsigned alignment(Dwarf_Die *die, int depth)
{
	Dwarf_Word bytes = 1, asked = 0, enc = 0;
	Dwarf_Attribute attr;
	Dwarf_Die type, of;

	if (depth > 16 || dwarf_peel_type(die, &type))
		return 1;
	dwarf_formudata(dwarf_attr(&type, DW_AT_alignment, &attr), &asked);
	if (asked)
		return asked < 4096 ? (unsigned)asked : 4096;
	dwarf_formudata(dwarf_attr(&type, DW_AT_encoding, &attr), &enc);
	switch (dwarf_tag(&type)) {
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
		return member_alignment(&type, depth);
	case DW_TAG_array_type:
		return dwarf_formref_die(dwarf_attr(&type, DW_AT_type, &attr),
					 &of) ? alignment(&of, depth + 1) : 1;
	default:
		dwarf_aggregate_size(&type, &bytes);
		return (unsigned)(enc == DW_ATE_complex_float ? bytes / 2 :
				  bytes) & 31;
	}
}

/* Takes registers or stack for one argument; 0 when it is not for sure. */
static int take(struct regs *r, const struct arg *a, Dwarf_Die *type)
{
	unsigned gpr = (a->half[0] == INTEGER) + (a->half[1] == INTEGER);
	unsigned sse = (a->half[0] == SSE) + (a->half[1] == SSE);
	int memory = a->half[0] == MEMORY || a->half[1] == MEMORY;
	unsigned align;

	if (a->half[0] == UNSURE || a->half[1] == UNSURE)
		return 0;
	if (!memory && r->gpr + gpr <= 6 && r->sse + sse <= 8) {
		r->gpr += gpr;
		r->sse += sse;
		return 1;
	}
	align = alignment(type, 0);
	if (align > 8)
		r->stack = (r->stack + align - 1) / align * align;
	r->stack += (a->bytes + 7) & ~7u;
	return 1;
}

/* The type of DIE by its DW_AT_type, classed; 0 when there is none. */
static int class_of(struct arg *a, Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	*a = (struct arg){ .bytes = 0 };
	if (!dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr),
			       type))
		return 0;
	put_type(a, type, 0, 0);
	return 1;
}

static long sum_params(Dwarf_Die *func)
{
	struct regs r = { 0 };
	Dwarf_Die child, type;
	struct arg a;

	if (!dwarf_hasattr_integrate(func, DW_AT_prototyped))
		return -1;
	if (class_of(&a, func, &type)) {
		if (a.half[0] == UNSURE || a.half[1] == UNSURE)
			return -1;
		/* A result in memory: its address comes as an argument. */
		r.gpr = a.half[0] == MEMORY && a.bytes > 16 &&
			dwarf_peel_type(&type, &type) == 0 &&
			dwarf_tag(&type) != DW_TAG_base_type;
	}
	if (dwarf_child(func, &child))
		return 0;
	do {
		if (dwarf_tag(&child) == DW_TAG_unspecified_parameters)
			return -1;
		if (dwarf_tag(&child) == DW_TAG_formal_parameter &&
		    (!class_of(&a, &child, &type) || !take(&r, &a, &type)))
			return -1;
	} while (!dwarf_siblingof(&child, &child));
	return (long)r.stack;
}

struct search {
	const char *name, *member;
	long bytes;
};

static int visit(Dwarf_Die *func, void *p)
{
	struct search *s = p;
	const char *name = dwarf_diename(func);

	if (!name || strcmp(name, s->name))
		return DWARF_CB_OK;
	s->bytes = sum_params(func);
	return DWARF_CB_ABORT;
}

static int visit_module(Dwfl_Module *mod, void **user, const char *module,
			Dwarf_Addr base, void *p)
{
	struct search *s = p;
	Dwarf_Die *cu = NULL;
	Dwarf_Addr bias;

	(void)user;
	(void)base;
	const char *colon = strrchr(module, ':');

	/* A member's module is "libz.a:inflate.o". */
	if (s->member && (!colon || strcmp(colon + 1, s->member)))
		return DWARF_CB_OK;
	while (s->bytes < 0 && (cu = dwfl_module_nextcu(mod, cu, &bias)))
		dwarf_getfuncs(cu, visit, s, 0);
	return s->bytes < 0 ? DWARF_CB_OK : DWARF_CB_ABORT;
}

static int no_debuginfo(Dwfl_Module *mod, void **user, const char *module,
			Dwarf_Addr base, const char *file, const char *link,
			GElf_Word crc, char **found)
{
	(void)mod, (void)user, (void)module, (void)base;
	(void)file, (void)link, (void)crc, (void)found;
	return -1;
}

/* libdwfl, since the names in an object are yet to be relocated. */
static Dwfl *report(const char *path)
{
	static const Dwfl_Callbacks callbacks = {
		.section_address = dwfl_offline_section_address,
		.find_debuginfo = no_debuginfo,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (dwfl && dwfl_report_offline(dwfl, str_base(path), path, -1))
		dwfl_report_end(dwfl, NULL, NULL);
	return dwfl;
}

/* An archive is opened once for all of its members. */
static Dwfl *report_archive(const char *path)
{
	static struct names archives;
	struct name *e = names_get(&archives, path);

	if (!e->p)
		e->p = report(path);
	return e->p;
}

long params_stack_bytes(const char *path, const char *member,
			const char *name)
{
	struct search s = { name, member, -1 };
	Dwfl *dwfl = member ? report_archive(path) : report(path);

	if (dwfl)
		dwfl_getmodules(dwfl, visit_module, &s, 0);
	if (!member)
		dwfl_end(dwfl);
	return s.bytes;
}
