/*
 * Section headers and their names are read once and kept; symbols are read
 * when they are asked for and not kept: a few names are wanted of many.
 */
#include "lib/target/go/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SEGMENTS_MAX = 256,             /* program headers looked at */
	SECTIONS_MAX = 4096,
	NAMES_BYTES_MAX = 1 << 20,      /* of sections */
	STRINGS_BYTES_MAX = 256 << 20,  /* of symbols */
	SYMBOLS_MAX = 8 << 20,
	SYMBOLS_AT_ONCE = 4096,
	SCAN_WORDS = 32768,             /* at once */
	SCAN_BYTES_MAX = 256 << 20,
};

/* Opening ----------------------------------------------------------------- */

static int read_segments(struct image *im)
{
	Elf64_Phdr p;

	for (uint32_t i = 0; i < im->file.header.e_phnum; i++) {
		if (i >= SEGMENTS_MAX || im->count >= IMAGE_SEGMENTS_MAX)
			return 0;
		if (elffile_segment(&im->file, i, &p) < 0)
			return -EINVAL;
		if (p.p_type != PT_LOAD || p.p_filesz > p.p_memsz ||
		    p.p_vaddr + p.p_memsz < p.p_vaddr)
			continue;
		im->segments[im->count++] = (struct image_part){
			.address = p.p_vaddr + im->space->bias,
			.offset = p.p_offset,
			.file_bytes = p.p_filesz,
			.bytes = p.p_memsz,
			.flags = p.p_flags,
		};
	}
	return 0;
}

/* A file without sections, or with damaged ones, is fine. */
static void read_sections(struct image *im)
{
	const struct elffile *f = &im->file;
	size_t bytes = f->sections * sizeof(Elf64_Shdr);
	const Elf64_Shdr *names;

	if (!f->sections || f->sections > SECTIONS_MAX ||
	    f->header.e_shstrndx >= f->sections)
		return;
	im->sections = malloc(bytes);
	if (!im->sections ||
	    elffile_read(f, f->header.e_shoff, im->sections, bytes) < 0)
		goto none;
	names = &im->sections[f->header.e_shstrndx];
	if (names->sh_size > NAMES_BYTES_MAX)
		goto none;
	im->names_bytes = names->sh_size;
	im->names = calloc(1, names->sh_size + 1);
	if (im->names && elffile_read(f, names->sh_offset, im->names,
				      names->sh_size) == 0)
		return;
none:
	free(im->names);
	free(im->sections);
	im->names = NULL;
	im->sections = NULL;
}

int image_open(struct image *im, struct space *s, struct err *e)
{
	int rc;

	*im = (struct image){ .space = s, .file.fd = -1 };
	rc = elffile_open(&im->file, s->exe_open[0] ? s->exe_open : s->exe, e);
	if (rc < 0)
		return rc;
	if (read_segments(im) < 0) {
		image_close(im);
		return err_say(e, -EINVAL, "%s: bad program headers", s->name);
	}
	read_sections(im);
	return 0;
}

void image_close(struct image *im)
{
	free(im->sections);
	free(im->names);
	elffile_close(&im->file);
	*im = (struct image){ .file.fd = -1 };
}

/* Parts ------------------------------------------------------------------- */

static const Elf64_Shdr *section_named(const struct image *im,
				       const char *name)
{
	for (uint32_t i = 0; im->sections && i < im->file.sections; i++) {
		const Elf64_Shdr *sh = &im->sections[i];

		if (sh->sh_name < im->names_bytes &&
		    !strcmp(im->names + sh->sh_name, name))
			return sh;
	}
	return NULL;
}

bool image_section(const struct image *im, const char *name,
		   struct image_part *out)
{
	const Elf64_Shdr *sh = section_named(im, name);
	bool in_file;

	if (!sh || !sh->sh_size || !(sh->sh_flags & SHF_ALLOC) ||
	    sh->sh_addr + sh->sh_size < sh->sh_addr)
		return false;
	in_file = sh->sh_type != SHT_NOBITS;
	*out = (struct image_part){
		.address = sh->sh_addr + im->space->bias,
		.offset = in_file ? sh->sh_offset : 0,
		.file_bytes = in_file ? sh->sh_size : 0,
		.bytes = sh->sh_size,
	};
	return true;
}

const struct image_part *image_segment(const struct image *im,
				       uint64_t address)
{
	for (size_t i = 0; i < im->count; i++)
		if (address - im->segments[i].address < im->segments[i].bytes)
			return &im->segments[i];
	return NULL;
}

bool image_scan(const struct image *im, const struct image_part *part,
		image_see_fn *see, void *ctx)
{
	uint64_t end = part->bytes < SCAN_BYTES_MAX ? part->bytes :
		       SCAN_BYTES_MAX;
	uint64_t *words = malloc(SCAN_WORDS * 8);
	bool seen = false;
	size_t n;

	for (uint64_t at = 0; words && !seen && at + 24 <= end;
	     at += (n - 2) * 8) {
		n = (end - at) / 8 < SCAN_WORDS ? (end - at) / 8 : SCAN_WORDS;
		if (space_read(im->space, part->address + at, words,
			       (uint32_t)n * 8) == 0)
			seen = see(ctx, part->address + at, words, n);
	}
	free(words);
	return seen;
}

/* Symbols ----------------------------------------------------------------- */

/* The names of the table SYMTAB, ending with a zero; NULL when there are none.
 * The caller frees. */
static char *read_strings(const struct image *im, const Elf64_Shdr *symtab,
			  uint64_t *bytes)
{
	const Elf64_Shdr *sh;
	char *s;

	if (symtab->sh_link >= im->file.sections)
		return NULL;
	sh = &im->sections[symtab->sh_link];
	if (sh->sh_size > STRINGS_BYTES_MAX || sh->sh_size > im->file.size)
		return NULL;
	s = malloc(sh->sh_size + 1);
	if (s && elffile_read(&im->file, sh->sh_offset, s, sh->sh_size) < 0) {
		free(s);
		return NULL;
	}
	if (s)
		s[sh->sh_size] = '\0';
	*bytes = sh->sh_size;
	return s;
}

/* 1 when SYM, called NAME, is the first one of a wanted name. */
static size_t take(const struct image *im, const Elf64_Sym *sym,
		   const char *name, struct image_symbol *wanted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (wanted[i].address || strcmp(wanted[i].name, name))
			continue;
		wanted[i].address = sym->st_value + im->space->bias;
		wanted[i].bytes = sym->st_size;
		return 1;
	}
	return 0;
}

static size_t search(const struct image *im, const Elf64_Shdr *symtab,
		     int type, struct image_symbol *wanted, size_t n)
{
	uint64_t left = symtab->sh_size / sizeof(Elf64_Sym), off, bytes;
	Elf64_Sym *syms = malloc(SYMBOLS_AT_ONCE * sizeof(*syms));
	char *strings = read_strings(im, symtab, &bytes);
	size_t found = 0, some;

	off = symtab->sh_offset;
	if (!syms || !strings || left > SYMBOLS_MAX)
		left = 0;
	for (; left && found < n; left -= some) {
		some = left < SYMBOLS_AT_ONCE ? left : SYMBOLS_AT_ONCE;
		if (elffile_read(&im->file, off, syms,
				 some * sizeof(*syms)) < 0)
			break;
		off += some * sizeof(*syms);
		for (size_t i = 0; i < some; i++)
			if (ELF64_ST_TYPE(syms[i].st_info) == type &&
			    syms[i].st_shndx != SHN_UNDEF &&
			    syms[i].st_name < bytes)
				found += take(im, &syms[i],
					      strings + syms[i].st_name,
					      wanted, n);
	}
	free(syms);
	free(strings);
	return found;
}

size_t image_symbols(const struct image *im, int type,
		     struct image_symbol *wanted, size_t n)
{
	const Elf64_Shdr *symtab = section_named(im, ".symtab");

	for (size_t i = 0; i < n; i++) {
		wanted[i].address = 0;
		wanted[i].bytes = 0;
	}
	return symtab ? search(im, symtab, type, wanted, n) : 0;
}
