/*
 * Nothing in the file moves: the symbols' table of names is copied behind the
 * end, with the new names after the old ones, and its section header and the
 * names' offsets are changed in place.
 */

#include "runtime/cc/renamed.h"

#include <elf.h>
#include <fcntl.h>
#include <libelf.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cc/archive.h"
#include "runtime/cc/mem.h"

/* The tables of an object, by offset: the bytes grow. */
struct object {
	struct bytes *out;
	size_t begin;		/* of the object in out */
	size_t sections, n_sections;
};

static int in_bounds(const struct object *o, uint64_t at, uint64_t bytes)
{
	size_t n = o->out->n - o->begin;

	return at <= n && bytes <= n - at;
}

static void *at(const struct object *o, uint64_t offset)
{
	return o->out->p + o->begin + offset;
}

static Elf64_Shdr *section(const struct object *o, size_t i)
{
	return at(o, o->sections + i * sizeof(Elf64_Shdr));
}

static int find_sections(struct object *o)
{
	const Elf64_Ehdr *eh;
	size_t n;

	if (!in_bounds(o, 0, sizeof(*eh)))
		return -1;
	eh = at(o, 0);
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG) || eh->e_type != ET_REL ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 ||
	    eh->e_machine != EM_X86_64 ||
	    eh->e_shentsize != sizeof(Elf64_Shdr) || eh->e_shoff % 8 ||
	    !in_bounds(o, eh->e_shoff, sizeof(Elf64_Shdr)))
		return -1;
	o->sections = eh->e_shoff;
	/* More than 65,279 sections are counted in the first one. */
	n = eh->e_shnum ? eh->e_shnum : section(o, 0)->sh_size;
	if (n > o->out->n / sizeof(Elf64_Shdr) ||
	    !in_bounds(o, o->sections, n * sizeof(Elf64_Shdr)))
		return -1;
	o->n_sections = n;
	return 0;
}

/* Section I is the table of names NAMES belongs to; both lie in the file. */
static int are_tables(const struct object *o, size_t i, size_t names)
{
	const Elf64_Shdr *syms = section(o, i);
	const Elf64_Shdr *strs;

	if (!names || names >= o->n_sections)
		return 0;
	strs = section(o, names);
	return in_bounds(o, syms->sh_offset, syms->sh_size) &&
	       in_bounds(o, strs->sh_offset, strs->sh_size) &&
	       syms->sh_offset % 8 == 0 && strs->sh_size &&
	       ((const char *)at(o, strs->sh_offset))[strs->sh_size - 1] == 0;
}

/* A copy of the table of names behind everything else. */
static void move_names(struct object *o, size_t names)
{
	Elf64_Shdr *strs = section(o, names);
	size_t bytes = strs->sh_size;
	char *copy = mem_get(bytes);

	memcpy(copy, at(o, strs->sh_offset), bytes);
	strs->sh_offset = o->out->n - o->begin;
	bytes_add(o->out, copy, bytes);
}

static Elf64_Sym *symbol(const struct object *o, size_t table, size_t i)
{
	return at(o, section(o, table)->sh_offset + i * sizeof(Elf64_Sym));
}

static void rename_symbols(struct object *o, size_t table, size_t names,
			   const struct names *wraps)
{
	size_t n = section(o, table)->sh_size / sizeof(Elf64_Sym);
	size_t i;

	move_names(o, names);
	for (i = 1; i < n; i++) {
		const Elf64_Sym *s = symbol(o, table, i);
		size_t old = s->st_name;
		const char *name;

		if (s->st_shndx != SHN_UNDEF ||
		    old >= section(o, names)->sh_size)
			continue;
		name = at(o, section(o, names)->sh_offset + old);
		if (!names_find(wraps, name))
			continue;
		name = str_form("__wrap_%s", name);
		symbol(o, table, i)->st_name =
			(Elf64_Word)section(o, names)->sh_size;
		bytes_str(o->out, name);
		section(o, names)->sh_size += strlen(name) + 1;
	}
}

int renamed_object(struct bytes *out, const unsigned char *p, size_t n,
		   const struct names *wraps)
{
	struct object o = { .out = out, .begin = out->n };
	size_t i;

	bytes_add(out, p, n);
	if (find_sections(&o))
		goto bad;
	for (i = 1; i < o.n_sections; i++) {
		size_t names = section(&o, i)->sh_link;

		if (section(&o, i)->sh_type != SHT_SYMTAB)
			continue;
		if (!are_tables(&o, i, names))
			goto bad;
		rename_symbols(&o, i, names, wraps);
	}
	return 0;
bad:
	out->n = o.begin;
	return -1;
}

/* Archives ----------------------------------------------------------------- */

/* What the old archive's index says of the member at OFFSET. */
static void add_symbols(struct archive *to, Elf *from, size_t offset)
{
	Elf_Arsym *index;
	size_t n, i;

	index = elf_getarsym(from, &n);
	for (i = 0; index && i < n; i++)
		if (index[i].as_name && index[i].as_off == offset)
			archive_symbol(to, index[i].as_name);
}

static void add_member(struct archive *to, Elf *from, Elf *member,
		       const struct names *wraps)
{
	const Elf_Arhdr *h = elf_getarhdr(member);
	struct bytes copy = { 0 };
	const char *raw;
	size_t n;

	/* The index and the table of long names are made anew. */
	if (!h || !h->ar_name || *h->ar_name == '/')
		return;
	raw = elf_rawfile(member, &n);
	if (!raw)
		return;
	/* What is no object is none for the linker either. */
	if (renamed_object(&copy, (const unsigned char *)raw, n, wraps))
		bytes_add(&copy, raw, n);
	add_symbols(to, from, (size_t)elf_getaroff(member));
	archive_add(to, h->ar_name, &copy);
}

static void renamed_archive(const char *to, Elf *from,
			    const struct names *wraps)
{
	Elf_Cmd cmd = ELF_C_READ_MMAP;
	struct archive a = { 0 };
	Elf *member;

	while ((member = elf_begin(-1, cmd, from))) {
		add_member(&a, from, member, wraps);
		cmd = elf_next(member);
		elf_end(member);
	}
	archive_write(&a, to);
}

void renamed_file(const char *to, const char *from, const struct names *wraps)
{
	struct bytes out = { 0 };
	const char *raw;
	size_t n = 0;
	Elf *elf;
	int fd;

	fd = open(from, O_RDONLY | O_CLOEXEC);
	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_AR) {
		renamed_archive(to, elf, wraps);
	} else {
		raw = elf ? elf_rawfile(elf, &n) : NULL;
		if (!raw || renamed_object(&out, (const unsigned char *)raw, n,
					   wraps))
			die("%s: cannot be read as an object, so its calls "
			    "cannot be sent to thunks", from);
		file_write(to, out.p, out.n);
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
}
