/*
 * Sections, from the section headers as libdwfl has laid them out; in a file
 * without them, what is loaded, by its program headers.
 */
#include "symbolizer/sections.h"

#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "lib/base/grow.h"

static int put_section(struct sections *s, const GElf_Shdr *h,
		       const char *name)
{
	/* Thread-local zeroes take no place in the image. */
	if (!(h->sh_flags & SHF_ALLOC) || !h->sh_size ||
	    h->sh_addr + h->sh_size < h->sh_addr ||
	    ((h->sh_flags & SHF_TLS) && h->sh_type == SHT_NOBITS))
		return 0;
	if (grow(&s->list, &s->room, s->n, sizeof(*s->list)))
		return -ENOMEM;
	s->list[s->n++] = (struct section){
		h->sh_addr, h->sh_addr + h->sh_size, name
	};
	return 0;
}

static int put_segments(struct sections *s, Elf *elf)
{
	size_t n;
	int rc = 0;

	if (elf_getphdrnum(elf, &n))
		return 0;
	for (size_t i = 0; !rc && i < n && i <= INT32_MAX; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		rc = put_section(s, &(GElf_Shdr){
			.sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC,
			.sh_addr = ph.p_vaddr, .sh_size = ph.p_memsz }, "");
	}
	return rc;
}

int sections_read(struct sections *s, const struct debugfile *d)
{
	Elf_Scn *scn = NULL;
	size_t names;
	int rc = 0;

	if (elf_getshdrstrndx(d->elf, &names) || !elf_nextscn(d->elf, NULL))
		return put_segments(s, d->elf);
	while (!rc && (scn = elf_nextscn(d->elf, scn))) {
		GElf_Shdr h;

		if (gelf_getshdr(scn, &h))
			rc = put_section(s, &h, elf_strptr(d->elf, names,
							   h.sh_name));
	}
	return rc;
}

const struct section *sections_find(const struct sections *s, uint64_t addr)
{
	for (size_t i = 0; i < s->n; i++)
		if (addr >= s->list[i].lo && addr < s->list[i].hi)
			return &s->list[i];
	return NULL;
}

const struct section *sections_named(const struct sections *s,
				     const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].name && !strcmp(s->list[i].name, name))
			return &s->list[i];
	return NULL;
}

void sections_release(struct sections *s)
{
	free(s->list);
	*s = (struct sections){ 0 };
}
