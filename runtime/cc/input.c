/*
 * Reading objects.
 *
 * gcc marks an object made with -fsplit-stack by .note.GNU-split-stack.  The
 * note alone is not trusted: ld -r keeps it when half of the object has no
 * checks, and so does an attribute on one function.  So every function's
 * first bytes are looked at too; that costs microseconds.
 *
 * A slim LTO object has no code.  Its symbols are in .gnu.lto_.symtab, and
 * what pgo-cc compiles at the link is split whatever the object was made with.
 */

#include "runtime/cc/input.h"

#include <gelf.h>
#include <string.h>

#include "runtime/cc/mem.h"
#include "runtime/cc/openelf.h"
#include "runtime/cc/symtab.h"

int input_plugin = 1;

static const char *section_name(Elf *elf, const GElf_Shdr *sh)
{
	size_t names;
	const char *s;

	if (elf_getshdrstrndx(elf, &names))
		return "";
	s = elf_strptr(elf, names, sh->sh_name);
	return s ? s : "";
}

static Elf_Scn *section_named(struct input *in, const char *prefix)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(in->elf, scn)))
		if (gelf_getshdr(scn, &sh) &&
		    str_begins(section_name(in->elf, &sh), prefix))
			return scn;
	return NULL;
}

/* By a note that says so, or without one, as assembly may be.  gcc writes it
 * where the address of a nested function is taken. */
static int asks_for_exec_stack(struct input *in)
{
	Elf_Scn *note = section_named(in, ".note.GNU-stack");
	GElf_Shdr sh;

	return !note || !gelf_getshdr(note, &sh) ||
	       (sh.sh_flags & SHF_EXECINSTR) != 0;
}

static void look(struct input *in)
{
	struct symtab t = symtab_of(in->elf);
	const char *name;
	GElf_Sym s;
	size_t i;

	in->split = section_named(in, ".note.GNU-split-stack") != NULL;
	in->lto = input_plugin &&
		  section_named(in, ".gnu.lto_.symtab") != NULL;
	in->exec_stack = asks_for_exec_stack(in);
	if (in->lto)
		in->split = 1;
	for (i = 1; in->split && !in->lto && i < t.n; i++) {
		name = symtab_get(&t, i, &s);
		if (name && symtab_is_unchecked(&t, &s, name))
			in->n_unchecked++;
	}
}

/* The source file the object came from. */
static const char *source_name(struct input *in)
{
	struct symtab t = symtab_of(in->elf);
	const char *name;
	GElf_Sym s;
	size_t i;

	for (i = 1; i < t.n; i++) {
		name = symtab_get(&t, i, &s);
		if (name && GELF_ST_TYPE(s.st_info) == STT_FILE)
			return name;
	}
	return NULL;
}

/* What a message calls it; gcc's own temporary object by its source. */
static const char *label(struct input *in)
{
	const char *base = str_base(in->path), *source = NULL;

	if (in->member)
		return str_form("%s(%s)", base, in->member);
	if (*in->path == '/' && strlen(base) == 10 && str_begins(base, "cc"))
		source = source_name(in);
	return source ? source : in->path;
}

struct input *input_open(const char *path, const char *member, int nth)
{
	struct input *in = mem_get(sizeof(*in));
	GElf_Ehdr eh;

	in->path = path;
	in->member = member;
	in->elf = member ? openelf_member(path, member, nth) :
			   openelf_file(path);
	if (!in->elf || elf_kind(in->elf) != ELF_K_ELF ||
	    !gelf_getehdr(in->elf, &eh) || eh.e_type != ET_REL)
		return NULL;
	look(in);
	in->label = label(in);
	return in;
}

/*
 * .gnu.lto_.symtab: name, comdat group, then kind, visibility, 8 bytes of
 * size, 4 of slot.  Kinds: 0 defined, 1 weak, 2 undefined, 3 weak undefined,
 * 4 common.
 */
static void each_lto(struct input *in, struct names *into, int undefined,
		     void (*fn)(struct input *, struct names *, const char *))
{
	Elf_Scn *scn = section_named(in, ".gnu.lto_.symtab");
	Elf_Data *d = scn ? elf_rawdata(scn, NULL) : NULL;
	const char *p = d ? d->d_buf : NULL, *end, *name;
	int kind;

	for (end = p ? p + d->d_size : p; p < end;) {
		name = p;
		p += strnlen(p, (size_t)(end - p)) + 1;
		if (p < end)
			p += strnlen(p, (size_t)(end - p)) + 1;
		if (end - p < 14)
			return;
		kind = *p;
		p += 14;
		if ((kind == 2 || kind == 3) == undefined && kind != 4)
			fn(in, into, name);
	}
}

static void add_call(struct input *in, struct names *calls, const char *name)
{
	struct name *e = names_get(calls, name);

	if (!e->p)
		e->p = in;
}

static void add_lto_def(struct input *in, struct names *defs,
			const char *name)
{
	struct name *e = names_get(defs, name);

	if (!e->v) {
		e->p = in;
		e->v = DEF_SPLIT;
	}
}

void input_calls(struct input *in, struct names *calls)
{
	struct symtab t = symtab_of(in->elf);
	const char *name;
	GElf_Sym s;
	size_t i;

	if (in->lto)
		each_lto(in, calls, 1, add_call);
	for (i = 1; i < t.n; i++) {
		name = symtab_get(&t, i, &s);
		if (name && s.st_shndx == SHN_UNDEF)
			add_call(in, calls, name);
	}
}

static long def_kind(const struct input *in, const struct symtab *t,
		     const GElf_Sym *s, const char *name)
{
	if (!symtab_is_function(t, s))
		return DEF_DATA;
	if (in->split && !symtab_is_unchecked(t, s, name))
		return DEF_SPLIT;
	return DEF_PLAIN;
}

void input_defs(struct input *in, struct names *defs)
{
	struct symtab t = symtab_of(in->elf);
	const char *name;
	GElf_Sym s;
	size_t i;

	if (in->lto)
		each_lto(in, defs, 0, add_lto_def);
	for (i = 1; !in->lto && i < t.n; i++) {
		struct name *e;
		long kind;

		name = symtab_get(&t, i, &s);
		if (!name || s.st_shndx == SHN_UNDEF ||
		    GELF_ST_BIND(s.st_info) == STB_LOCAL)
			continue;
		e = names_get(defs, name);
		kind = def_kind(in, &t, &s, name);
		if (kind > e->v) {
			e->p = in;
			e->v = kind;
		}
	}
}

void input_functions(struct input *in, struct names *funcs)
{
	struct symtab t = symtab_of(in->elf);
	const char *name;
	GElf_Sym s;
	size_t i;

	if (in->lto)
		each_lto(in, funcs, 0, add_call);
	for (i = 1; i < t.n; i++) {
		name = symtab_get(&t, i, &s);
		if (name && GELF_ST_TYPE(s.st_info) == STT_FUNC &&
		    s.st_shndx != SHN_UNDEF)
			add_call(in, funcs, name);
	}
}
