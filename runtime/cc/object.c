/* The sections lie behind the ELF header, the table of them comes last. */

#include "runtime/cc/object.h"

#include <string.h>

#include "runtime/cc/mem.h"

static void fill(Elf64_Shdr *to, const struct section *from, size_t at,
		 size_t bytes)
{
	to->sh_type = from->type;
	to->sh_flags = from->flags;
	to->sh_addralign = from->align;
	to->sh_entsize = from->entry_bytes;
	to->sh_link = from->link;
	to->sh_info = from->info;
	to->sh_offset = at;
	to->sh_size = bytes;
}

void object_write(struct bytes *out, const struct section *shape,
		  struct bytes *content, size_t n)
{
	Elf64_Ehdr eh = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
			EV_CURRENT },
		.e_type = ET_REL, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_ehsize = sizeof(eh),
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = (Elf64_Half)n,
		.e_shstrndx = (Elf64_Half)(n - 1),
	};
	Elf64_Shdr *sh = mem_get(n * sizeof(*sh));
	size_t begin = out->n, i;

	for (i = 0; i < n; i++)
		sh[i].sh_name = (Elf64_Word)bytes_str(&content[n - 1],
						      shape[i].name);
	bytes_add(out, &eh, sizeof(eh));
	for (i = 1; i < n; i++) {
		bytes_pad(out, 8, 0);
		fill(&sh[i], &shape[i], out->n - begin, content[i].n);
		bytes_add(out, content[i].p, content[i].n);
	}
	bytes_pad(out, 8, 0);
	eh.e_shoff = out->n - begin;
	bytes_add(out, sh, n * sizeof(*sh));
	memcpy(out->p + begin, &eh, sizeof(eh));
}
