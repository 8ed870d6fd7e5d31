/* Exported functions of a shared library, by libelf. */

#include "runtime/cc/dynsyms.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cc/mem.h"

struct tables {
	Elf_Data *sym, *versym;
	size_t strings;			/* section of the names */
	size_t n;
	unsigned char private_version[0x8000];
};

static void find_private(struct tables *t, Elf *elf, Elf_Scn *scn,
			 const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Verdaux aux;
	GElf_Verdef def;
	int at = 0;
	size_t i;

	for (i = 0; d && i < sh->sh_info; i++) {
		const char *s;

		if (!gelf_getverdef(d, at, &def) ||
		    !gelf_getverdaux(d, at + (int)def.vd_aux, &aux))
			return;
		s = elf_strptr(elf, sh->sh_link, aux.vda_name);
		if (s && !strcmp(s, "GLIBC_PRIVATE"))
			t->private_version[def.vd_ndx & 0x7fff] = 1;
		if (!def.vd_next)
			return;
		at += (int)def.vd_next;
	}
}

static void find_tables(struct tables *t, Elf *elf)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_type == SHT_DYNSYM && sh.sh_entsize) {
			t->sym = elf_getdata(scn, NULL);
			t->strings = sh.sh_link;
			t->n = sh.sh_size / sh.sh_entsize;
		} else if (sh.sh_type == SHT_GNU_versym) {
			t->versym = elf_getdata(scn, NULL);
		} else if (sh.sh_type == SHT_GNU_verdef) {
			find_private(t, elf, scn, &sh);
		}
	}
}

/* A default version, and one that others may use. */
static int is_public(const struct tables *t, int i)
{
	GElf_Versym v;

	if (!t->versym || !gelf_getversym(t->versym, i, &v))
		return 1;
	return !(v & 0x8000) && !t->private_version[v & 0x7fff];
}

static int is_function(const GElf_Sym *s)
{
	unsigned type = GELF_ST_TYPE(s->st_info);
	unsigned bind = GELF_ST_BIND(s->st_info);

	return s->st_shndx != SHN_UNDEF && bind != STB_LOCAL &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC);
}

static void add_functions(struct names *funcs, struct tables *t, Elf *elf)
{
	GElf_Sym s;
	size_t i;

	for (i = 0; t->sym && i < t->n; i++) {
		const char *name;

		if (!gelf_getsym(t->sym, (int)i, &s) || !is_function(&s) ||
		    !is_public(t, (int)i))
			continue;
		name = elf_strptr(elf, t->strings, s.st_name);
		if (name && *name)
			names_get(funcs, str_copy(name));
	}
}

struct library {
	Elf *elf;
	int fd;
};

static int library_open(struct library *l, const char *path)
{
	GElf_Ehdr eh;

	l->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (l->fd < 0)
		return -1;
	elf_version(EV_CURRENT);
	l->elf = elf_begin(l->fd, ELF_C_READ_MMAP, NULL);
	if (l->elf && elf_kind(l->elf) == ELF_K_ELF &&
	    gelf_getehdr(l->elf, &eh) && eh.e_type != ET_REL)
		return 0;
	elf_end(l->elf);
	close(l->fd);
	return -1;
}

static void library_close(struct library *l)
{
	elf_end(l->elf);
	close(l->fd);
}

int dynsyms_read(struct names *funcs, const char *path)
{
	struct tables *t = mem_get(sizeof(*t));
	struct library l;

	if (library_open(&l, path))
		return -1;
	find_tables(t, l.elf);
	add_functions(funcs, t, l.elf);
	library_close(&l);
	return 0;
}

int dynsyms_is_split(const char *path)
{
	struct tables *t = mem_get(sizeof(*t));
	struct library l;
	const char *name;
	GElf_Sym s;
	size_t i;
	int split = 0;

	if (library_open(&l, path))
		return 0;
	find_tables(t, l.elf);
	for (i = 0; t->sym && i < t->n; i++) {
		if (!gelf_getsym(t->sym, (int)i, &s))
			break;
		name = elf_strptr(l.elf, t->strings, s.st_name);
		if (name && !strcmp(name, "__wrap___morestack"))
			split = 1;
	}
	library_close(&l);
	return split;
}

static void add_needed(struct strs *needed, Elf *elf, Elf_Scn *scn,
		       const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL);
	const char *name;
	GElf_Dyn dyn;
	int i;

	for (i = 0; d && gelf_getdyn(d, i, &dyn); i++) {
		if (dyn.d_tag != DT_NEEDED)
			continue;
		name = elf_strptr(elf, sh->sh_link, dyn.d_un.d_val);
		if (name)
			strs_add(needed, str_copy(name));
	}
}

void dynsyms_needed(struct strs *needed, const char *path)
{
	Elf_Scn *scn = NULL;
	struct library l;
	GElf_Shdr sh;

	if (library_open(&l, path))
		return;
	while ((scn = elf_nextscn(l.elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_DYNAMIC)
			add_needed(needed, l.elf, scn, &sh);
	library_close(&l);
}
