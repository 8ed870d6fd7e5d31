/*
 * Who calls a function, for messages: the relocation that refers to it says
 * where, and the symbol that spans the place is the caller.
 */

#include "runtime/cc/callers.h"

#include <gelf.h>
#include <string.h>

#include "runtime/cc/mem.h"
#include "runtime/cc/symtab.h"

/* A clone that gcc made goes by the name in the source. */
static const char *without_suffix(const char *name)
{
	return str_form("%.*s", (int)strcspn(name, "."), name);
}

/* The function of section SHNDX that spans AT. */
static const char *function_at(struct input *in, size_t shndx, GElf_Addr at)
{
	struct symtab t = symtab_of(in->elf);
	const char *name;
	GElf_Sym s;
	size_t i;

	for (i = 1; i < t.n; i++) {
		name = symtab_get(&t, i, &s);
		if (name && GELF_ST_TYPE(s.st_info) == STT_FUNC &&
		    s.st_shndx == shndx && at >= s.st_value &&
		    at - s.st_value < s.st_size)
			return without_suffix(name);
	}
	return NULL;
}

/* What a relocation refers to: a name, or a place in this object. */
struct target {
	const char *name;
	size_t shndx;		/* 0: defined elsewhere */
	GElf_Addr value;
};

static int refers_to(const struct symtab *t, const GElf_Rela *r,
		     const struct target *to)
{
	const char *name;
	GElf_Sym sym;

	name = symtab_get(t, GELF_R_SYM(r->r_info), &sym);
	if (name && GELF_ST_TYPE(sym.st_info) != STT_SECTION)
		return !strcmp(name, to->name);
	return to->shndx && sym.st_shndx == to->shndx &&
	       sym.st_value + (GElf_Addr)r->r_addend + 4 == to->value;
}

/* The place of the first relocation of section SCN that refers to TO. */
static int find_reloc(struct input *in, Elf_Scn *scn, const GElf_Shdr *sh,
		      const struct target *to, GElf_Addr *at)
{
	struct symtab t = symtab_of(in->elf);
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Rela r;
	int i;

	if (!d || !sh->sh_entsize)
		return 0;
	for (i = 0; (size_t)i < sh->sh_size / sh->sh_entsize; i++) {
		if (!gelf_getrela(d, i, &r))
			return 0;
		if (refers_to(&t, &r, to)) {
			*at = r.r_offset;
			return 1;
		}
	}
	return 0;
}

static const char *caller_of(struct input *in, const struct target *to)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh, code;
	GElf_Addr at;

	while ((scn = elf_nextscn(in->elf, scn))) {
		Elf_Scn *target;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_RELA)
			continue;
		target = elf_getscn(in->elf, sh.sh_info);
		if (!target || !gelf_getshdr(target, &code) ||
		    !(code.sh_flags & SHF_EXECINSTR))
			continue;
		if (find_reloc(in, scn, &sh, to, &at))
			return function_at(in, sh.sh_info, at);
	}
	return NULL;
}

const char *callers_of(struct input *in, const char *name)
{
	struct target to = { .name = name };

	return caller_of(in, &to);
}

/* call, jmp or lea: an operand relative to what follows it. */
static int is_operand(const unsigned char *code, size_t at)
{
	return at >= 1 && (code[at - 1] == 0xe8 || code[at - 1] == 0xe9 ||
			   (at >= 2 && code[at - 2] == 0x8d &&
			    (code[at - 1] & 0xc7) == 0x05));
}

/* A use of offset TARGET in the code itself, where no relocation is needed. */
static int find_operand(const Elf_Data *d, GElf_Addr target, GElf_Addr *at)
{
	const unsigned char *code = d->d_buf;
	size_t i;
	int32_t rel;

	for (i = 1; i + 4 <= d->d_size; i++) {
		if (!is_operand(code, i))
			continue;
		memcpy(&rel, code + i, 4);
		if (i + 4 + (uint64_t)(int64_t)rel == target) {
			*at = i;
			return 1;
		}
	}
	return 0;
}

/* The checked function that uses the unchecked S named CALLEE. */
static const char *inner_caller(struct input *in, const GElf_Sym *s,
				const char *callee)
{
	Elf_Data *d = elf_getdata(elf_getscn(in->elf, s->st_shndx), NULL);
	struct target to = { callee, s->st_shndx, s->st_value };
	const char *caller = caller_of(in, &to);
	GElf_Addr at;

	if (!caller && find_operand(d, s->st_value, &at))
		caller = function_at(in, s->st_shndx, at);
	return caller;
}

int callers_inner(struct input *in, const char **caller, const char **callee)
{
	struct symtab t = symtab_of(in->elf);
	GElf_Sym s;
	size_t i;

	for (i = 1; in->n_unchecked && i < t.n; i++) {
		*callee = symtab_get(&t, i, &s);
		if (!*callee || !symtab_is_unchecked(&t, &s, *callee))
			continue;
		*caller = inner_caller(in, &s, *callee);
		if (*caller && strcmp(*caller, *callee))
			return 1;
	}
	return 0;
}
