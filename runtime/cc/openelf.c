/* Members of archives are kept: a link takes many of one. */

#include "runtime/cc/openelf.h"

#include <fcntl.h>
#include <unistd.h>

#include "runtime/cc/mem.h"
#include "runtime/cc/names.h"

/* The descriptor is closed at once, since a link may take thousands. */
Elf *openelf_file(const char *path)
{
	Elf *elf;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF)
		elf_cntl(elf, ELF_C_FDREAD);
	if (!elf || elf_kind(elf) != ELF_K_AR)
		close(fd);
	return elf;
}

/* Members of one archive by name; of one name there may be several. */
struct member {
	Elf *elf;
	struct member *next;
};

static void add_member(struct names *members, Elf *elf)
{
	Elf_Arhdr *h = elf_getarhdr(elf);
	struct member *m = mem_get(sizeof(*m));
	struct name *e;

	if (!h || !h->ar_name)
		return;
	e = names_get(members, str_copy(h->ar_name));
	m->elf = elf;
	m->next = e->p;
	e->p = m;
}

static struct names *members_of(const char *path)
{
	static struct names archives;
	struct name *e = names_get(&archives, path);
	Elf_Cmd cmd = ELF_C_READ_MMAP;
	Elf *ar, *elf;

	if (e->p)
		return e->p;
	e->p = mem_get(sizeof(struct names));
	ar = openelf_file(path);
	while (ar && (elf = elf_begin(-1, cmd, ar))) {
		add_member(e->p, elf);
		cmd = elf_next(elf);
	}
	return e->p;
}

Elf *openelf_member(const char *path, const char *member, int nth)
{
	struct name *e = names_find(members_of(path), member);
	struct member *m = e ? e->p : NULL;

	while (m && nth-- > 0)
		m = m->next;
	return m ? m->elf : NULL;
}
