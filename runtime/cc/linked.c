/*
 * The second look, at the linked file: it has what its objects promised.
 */

#include <fcntl.h>
#include <gelf.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cc/args.h"
#include "runtime/cc/check.h"
#include "runtime/cc/dynsyms.h"
#include "runtime/cc/symtab.h"

static int linked_open(struct symtab *l, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	elf_version(EV_CURRENT);
	l->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (l->elf)
		*l = symtab_of(l->elf);
	return l->elf ? 0 : -1;
}

/* The name of symbol I, a function. */
static const char *symbol(const struct symtab *l, size_t i, GElf_Sym *s)
{
	const char *name = symtab_get(l, i, s);

	return name && s->st_shndx != SHN_UNDEF &&
	       GELF_ST_TYPE(s->st_info) == STT_FUNC ? name : NULL;
}

/* The section's bytes from ADDR on; N of them. */
static const unsigned char *code_at(const struct symtab *l, const GElf_Sym *s,
				    size_t *n)
{
	Elf_Scn *scn = elf_getscn(l->elf, s->st_shndx);
	GElf_Shdr sh;
	Elf_Data *d;

	if (!scn || !gelf_getshdr(scn, &sh) || sh.sh_type != SHT_PROGBITS)
		return NULL;
	d = elf_getdata(scn, NULL);
	if (!d || !d->d_buf || s->st_value < sh.sh_addr ||
	    s->st_value - sh.sh_addr >= d->d_size)
		return NULL;
	*n = d->d_size - (s->st_value - sh.sh_addr);
	if (s->st_size < *n)
		*n = s->st_size;
	return (const unsigned char *)d->d_buf + (s->st_value - sh.sh_addr);
}

/* A direct call in S of one of the addresses in PLAIN. */
static uint64_t call_of(const struct symtab *l, const GElf_Sym *s,
			const uint64_t *plain, size_t n_plain)
{
	const unsigned char *code;
	size_t n = 0, i, k;
	uint64_t to;
	int32_t rel;

	code = code_at(l, s, &n);
	for (i = 0; code && i + 5 <= n; i++) {
		if (code[i] != 0xe8 && code[i] != 0xe9)
			continue;
		memcpy(&rel, code + i + 1, 4);
		to = s->st_value + i + 5 + (uint64_t)(int64_t)rel;
		for (k = 0; k < n_plain; k++)
			if (plain[k] == to)
				return to;
	}
	return 0;
}

static const char *name_of(const struct symtab *l, uint64_t addr)
{
	const char *name;
	GElf_Sym s;
	size_t i;

	for (i = 1; i < l->n; i++) {
		name = symbol(l, i, &s);
		if (name && s.st_value == addr)
			return name;
	}
	return "?";
}

/* Where the user's functions without limit checks came to lie.  An inline
 * function of C++ may be in objects of both kinds: what was linked tells. */
static uint64_t *plain_addresses(const struct symtab *l,
				 const struct check *c, size_t *n)
{
	uint64_t *v = mem_get((l->n + 1) * sizeof(*v));
	const unsigned char *code;
	const struct name *def;
	const char *name;
	size_t i, bytes = 0;
	GElf_Sym s;

	for (i = 1; i < l->n; i++) {
		name = symbol(l, i, &s);
		def = name ? names_find(&c->defs, name) : NULL;
		if (!def || def->v != DEF_PLAIN ||
		    GELF_ST_BIND(s.st_info) == STB_LOCAL)
			continue;
		code = code_at(l, &s, &bytes);
		if (!code || !code_has_check(code, bytes))
			v[(*n)++] = s.st_value;
	}
	return v;
}

/* Functions of split objects whose name no plain object uses. */
static void split_functions(const struct check *c, struct names *split)
{
	struct names plain = { 0 };
	const char **s;
	size_t i;

	for (i = 0; i < c->n_in; i++)
		input_functions(c->in[i],
				c->in[i]->split && !c->in[i]->n_unchecked ?
				split : &plain);
	for (s = names_sorted(&plain); *s; s++)
		names_get(split, *s)->v = -1;
}

static const char *bypass(const struct symtab *l, const struct check *c)
{
	struct names split = { 0 };
	const struct name *f;
	size_t n = 0, i;
	uint64_t *plain = plain_addresses(l, c, &n), to;
	const char *name;
	GElf_Sym s;

	split_functions(c, &split);
	for (i = 1; n && i < l->n; i++) {
		name = symbol(l, i, &s);
		f = name ? names_find(&split, name) : NULL;
		if (!f || f->v < 0)
			continue;
		to = call_of(l, &s, plain, n);
		if (to)
			return str_form("%s() calls %s() past its thunk: build "
					"%s() with pgo-cc, or call it through "
					"pgo_sys()", name, name_of(l, to),
					name_of(l, to));
	}
	return NULL;
}

/* An LTO function that came out without a check. */
static const char *unchecked_lto(const struct symtab *l,
				 const struct check *c)
{
	const unsigned char *code;
	const struct name *def;
	const char *name;
	GElf_Sym s;
	size_t i, n = 0;

	for (i = 1; i < l->n; i++) {
		name = symbol(l, i, &s);
		def = name ? names_find(&c->defs, name) : NULL;
		if (!def || def->v != DEF_SPLIT ||
		    !((struct input *)def->p)->lto)
			continue;
		code = code_at(l, &s, &n);
		if (code && !code_has_check(code, n))
			return str_form("%s() came out of -flto without a "
					"stack check: link with pgo-cc and "
					"without -fno-split-stack", name);
	}
	return NULL;
}

/* LTO code says so only here; assembly may ask for it without need. */
static const char *lto_on_stacks(const struct symtab *l,
				 const struct check *c)
{
	size_t i, lto = 0, n = 0;
	GElf_Phdr ph;

	for (i = 0; i < c->n_in; i++) {
		if (c->in[i]->exec_stack && !c->in[i]->split)
			return NULL;
		lto += (size_t)c->in[i]->lto;
	}
	elf_getphdrnum(l->elf, &n);
	for (i = 0; lto && i < n; i++)
		if (gelf_getphdr(l->elf, (int)i, &ph) &&
		    ph.p_type == PT_GNU_STACK && (ph.p_flags & PF_X))
			return NEEDS_EXEC_STACK;
	return NULL;
}

static const char *libgcc_morestack(const struct symtab *l)
{
	const char *name;
	GElf_Sym s;
	size_t i;

	for (i = 1; i < l->n; i++) {
		name = symbol(l, i, &s);
		if (name && !strcmp(name, "__generic_morestack"))
			return "libgcc's __morestack was linked in place of "
			       "pgo's: put libpgo.a after the objects";
	}
	return NULL;
}

const char *check_linked(const struct check *c, const char *path)
{
	struct symtab l = { 0 };
	const char *bad;

	if (linked_open(&l, path))
		return "cannot read the linked file";
	bad = libgcc_morestack(&l);
	if (c->contiguous)
		return bad;
	if (!bad)
		bad = unchecked_lto(&l, c);
	if (!bad)
		bad = lto_on_stacks(&l, c);
	if (!bad && c->n_split)
		bad = bypass(&l, c);
	return bad;
}

static int is_made_by_us(const struct check *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->shared.n; i++)
		if (!strcmp(str_base(c->shared.v[i]), name) &&
		    dynsyms_is_split(c->shared.v[i]))
			return 1;
	return 0;
}

int check_needs_foreign(const struct check *c, const char *path)
{
	static const char *const known[] = {
		"libc.so", "libm.so", "libpthread.so", "libdl.so", "librt.so",
		"libgcc_s.so", "ld-linux-x86-64.so", "libpgo-agent.so",
	};
	struct strs needed = { 0 };
	size_t i, k;

	dynsyms_needed(&needed, path);
	for (i = 0; i < needed.n; i++) {
		for (k = 0; k < sizeof(known) / sizeof(*known); k++)
			if (str_begins(needed.v[i], known[k]))
				break;
		if (k == sizeof(known) / sizeof(*known) &&
		    !is_made_by_us(c, needed.v[i]))
			return 1;
	}
	return 0;
}
