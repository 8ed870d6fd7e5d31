/*
 * Only the kind of relocation that Go's tables need is applied: "here comes
 * the program's base plus a number".  Linkers write them sorted, as the loader
 * likes them; where one did not, they are sorted here.
 */
#include "symbolizer/goimage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/grow.h"

#define RELOCS_MAX ((size_t)1 << 23)    /* 190 MB of them */
#define RELOCS_TOGETHER 256
#define DYNAMIC_MAX 1024                /* entries */

int goimage_open(struct goimage *g, const char *path, struct err *e)
{
	int rc;

	*g = (struct goimage){ 0 };
	rc = elffile_open(&g->file, path, e);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < g->file.segments; i++) {
		Elf64_Phdr *ph = &g->segments[g->segment_count];

		if (g->segment_count == GOIMAGE_SEGMENTS_MAX ||
		    elffile_segment(&g->file, i, ph))
			break;
		g->segment_count += ph->p_type == PT_LOAD;
	}
	return 0;
}

void goimage_close(struct goimage *g)
{
	free(g->relocs);
	elffile_close(&g->file);
	*g = (struct goimage){ .file.fd = -1 };
}

static const Elf64_Phdr *segment_at(const struct goimage *g, uint64_t address)
{
	for (size_t i = 0; i < g->segment_count; i++) {
		const Elf64_Phdr *ph = &g->segments[i];

		if (address >= ph->p_vaddr &&
		    address - ph->p_vaddr < ph->p_filesz)
			return ph;
	}
	return NULL;
}

uint64_t goimage_bytes_at(const struct goimage *g, uint64_t address)
{
	const Elf64_Phdr *ph = segment_at(g, address);

	return ph ? ph->p_filesz - (address - ph->p_vaddr) : 0;
}

static int read_raw(const struct goimage *g, uint64_t address, void *out,
		    size_t n)
{
	const Elf64_Phdr *ph = segment_at(g, address);
	uint64_t in, off;

	if (!ph)
		return -EFAULT;
	in = address - ph->p_vaddr;
	if (n > ph->p_filesz - in ||
	    __builtin_add_overflow(ph->p_offset, in, &off))
		return -EFAULT;
	return elffile_read(&g->file, off, out, n);
}

static int put_relocs(struct goimage *g, const Elf64_Rela *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ELF64_R_TYPE(list[i].r_info) != R_X86_64_RELATIVE)
			continue;
		if (grow(&g->relocs, &g->reloc_room, g->reloc_count,
			 sizeof(*g->relocs)))
			return -ENOMEM;
		g->relocs[g->reloc_count++] = (struct goimage_reloc){
			list[i].r_offset, (uint64_t)list[i].r_addend
		};
	}
	return 0;
}

static int read_relocs(struct goimage *g, uint64_t address, uint64_t count)
{
	Elf64_Rela list[RELOCS_TOGETHER];
	int rc = 0;

	if (count > RELOCS_MAX)
		count = RELOCS_MAX;
	while (!rc && count) {
		size_t n = count < RELOCS_TOGETHER ? count : RELOCS_TOGETHER;

		if (read_raw(g, address, list, n * sizeof(*list)))
			return 0;
		rc = put_relocs(g, list, n);
		address += n * sizeof(*list);
		count -= n;
	}
	return rc;
}

/* Where the dynamic section says that relocations are. */
static void find_relocs(const struct goimage *g, uint64_t dynamic,
			uint64_t *address, uint64_t *bytes)
{
	Elf64_Dyn d;

	for (size_t i = 0; i < DYNAMIC_MAX; i++) {
		if (read_raw(g, dynamic + i * sizeof(d), &d, sizeof(d)) ||
		    d.d_tag == DT_NULL)
			return;
		if (d.d_tag == DT_RELA)
			*address = d.d_un.d_ptr;
		if (d.d_tag == DT_RELASZ)
			*bytes = d.d_un.d_val;
	}
}

static int by_address(const void *a, const void *b)
{
	const struct goimage_reloc *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static void sort_relocs(struct goimage *g)
{
	for (size_t i = 1; i < g->reloc_count; i++) {
		if (g->relocs[i - 1].at <= g->relocs[i].at)
			continue;
		qsort(g->relocs, g->reloc_count, sizeof(*g->relocs),
		      by_address);
		return;
	}
}

int goimage_relocate(struct goimage *g)
{
	uint64_t address = 0, bytes = 0;
	int rc = 0;

	if (g->file.header.e_type != ET_DYN || g->relocs)
		return 0;
	for (uint32_t i = 0; i < g->file.segments; i++) {
		Elf64_Phdr ph;

		if (elffile_segment(&g->file, i, &ph))
			break;
		if (ph.p_type == PT_DYNAMIC)
			find_relocs(g, ph.p_vaddr, &address, &bytes);
	}
	if (address)
		rc = read_relocs(g, address, bytes / sizeof(Elf64_Rela));
	sort_relocs(g);
	return rc;
}

/* The number of relocations before ADDRESS. */
static size_t relocs_until(const struct goimage *g, uint64_t address)
{
	size_t lo = 0, hi = g->reloc_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (g->relocs[mid].at < address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Puts R into the N bytes at OUT, which are those of ADDRESS, as far as it
 * lies there. */
static void apply(const struct goimage_reloc *r, uint64_t address,
		  uint8_t *out, size_t n)
{
	uint8_t bytes[8];

	memcpy(bytes, &r->value, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		if (r->at + i - address < n)
			out[r->at + i - address] = bytes[i];
}

int goimage_read(const struct goimage *g, uint64_t address, void *out,
		 size_t n)
{
	int rc = read_raw(g, address, out, n);

	if (rc || !g->reloc_count)
		return rc;
	for (size_t i = relocs_until(g, address < 7 ? 0 : address - 7);
	     i < g->reloc_count && g->relocs[i].at < address + n; i++)
		apply(&g->relocs[i], address, out, n);
	return 0;
}

bool goimage_section(const struct goimage *g, const char *name,
		     uint64_t *address, uint64_t *bytes)
{
	uint32_t names_at = g->file.header.e_shstrndx;
	char found[32];
	Elf64_Shdr names, h;

	if (elffile_section(&g->file, names_at, &names))
		return false;
	for (uint32_t i = 0; i < g->file.sections; i++) {
		size_t n = strlen(name) + 1;

		if (elffile_section(&g->file, i, &h) ||
		    !(h.sh_flags & SHF_ALLOC) || n > sizeof(found) ||
		    elffile_read(&g->file, names.sh_offset + h.sh_name, found,
				 n) ||
		    memcmp(found, name, n))
			continue;
		*address = h.sh_addr;
		*bytes = h.sh_size;
		return true;
	}
	return false;
}
