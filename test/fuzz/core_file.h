/*
 * A core file made by hand, and the program it is of: two threads, four
 * mappings, of which the code was not dumped.
 */
#ifndef TEST_FUZZ_CORE_FILE_H
#define TEST_FUZZ_CORE_FILE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>

#define TEXT 0x400000u          /* one page of headers, one of code */
#define DATA 0x500000u
#define ENTRY 0x1010u

enum { PAGE = 4096, ID_BYTES = 20 };

/* The program's file: two pages. */
struct core_program {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[2];
	struct {
		Elf64_Nhdr head;
		char owner[4];
		uint8_t id[ID_BYTES];
	} note;
	uint8_t rest[PAGE - sizeof(Elf64_Ehdr) - 2 * sizeof(Elf64_Phdr) -
		     sizeof(Elf64_Nhdr) - 4 - ID_BYTES];
	uint8_t code[PAGE];
};

struct core_note {
	Elf64_Nhdr head;
	char owner[8];
};

enum { LOADS = 4, AUXV = 4, MAPPINGS = 2, NAMES = 64 };

struct made_core {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[1 + LOADS];
	Elf64_Shdr sh;          /* the count of segments, when it is used */
	struct core_note n1;
	struct elf_prstatus thread[1];
	struct core_note n2;
	struct elf_prpsinfo ps;
	struct core_note n3;
	Elf64_auxv_t auxv[AUXV];
	struct core_note n4;
	uint64_t files[2 + 3 * MAPPINGS];
	char names[NAMES];
	struct core_note n5;
	struct elf_prstatus other[1];
	_Alignas(8) uint8_t pages[4][PAGE]; /* headers, two of data, stack */
} __attribute__((packed));

static inline void make_program(struct core_program *p)
{
	memcpy(p->eh.e_ident, ELFMAG, SELFMAG);
	p->eh.e_ident[EI_CLASS] = ELFCLASS64;
	p->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	p->eh.e_type = ET_DYN;
	p->eh.e_machine = EM_X86_64;
	p->eh.e_entry = ENTRY;
	p->eh.e_phoff = offsetof(struct core_program, ph);
	p->eh.e_phnum = 2;
	p->eh.e_phentsize = sizeof(Elf64_Phdr);
	p->ph[0] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X,
				 .p_filesz = sizeof(*p),
				 .p_memsz = sizeof(*p) };
	p->ph[1] = (Elf64_Phdr){ .p_type = PT_NOTE,
				 .p_offset = offsetof(struct core_program,
						      note),
				 .p_filesz = sizeof(p->note),
				 .p_align = 4 };
	p->note.head = (Elf64_Nhdr){ 4, ID_BYTES, NT_GNU_BUILD_ID };
	memcpy(p->note.owner, "GNU", 4);
	memset(p->note.id, 0x5a, ID_BYTES);
	memset(p->code, 0xc3, sizeof(p->code));
}

static inline struct core_note note(uint32_t type, size_t bytes)
{
	return (struct core_note){ { 5, (uint32_t)bytes, type }, "CORE" };
}

static inline Elf64_Phdr load(uint64_t address, uint64_t bytes, int page,
			      int dumped, uint32_t flags)
{
	return (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_flags = flags,
		.p_vaddr = address,
		.p_memsz = bytes,
		.p_offset = offsetof(struct made_core, pages) +
			    (uint64_t)page * PAGE,
		.p_filesz = (uint64_t)dumped * PAGE,
	};
}

static inline void make_notes(struct made_core *c, const char *path)
{
	struct user_regs_struct r = { .rip = 1, .rsp = 2, .rbp = 3, .r14 = 4,
				      .fs_base = 5 };
	const uint64_t files[] = { MAPPINGS, PAGE,
				   TEXT, TEXT + PAGE, 0,
				   TEXT + PAGE, TEXT + 2 * PAGE, 1 };

	c->n1 = note(NT_PRSTATUS, sizeof(c->thread));
	c->thread[0].pr_pid = 71;
	memcpy(c->thread[0].pr_reg, &r, sizeof(r));
	c->n2 = note(NT_PRPSINFO, sizeof(c->ps));
	c->ps.pr_pid = 70;
	strcpy(c->ps.pr_fname, "made-up");
	c->n3 = note(NT_AUXV, sizeof(c->auxv));
	c->auxv[0] = (Elf64_auxv_t){ AT_PHDR, { TEXT + 64 } };
	c->auxv[1] = (Elf64_auxv_t){ AT_ENTRY, { TEXT + ENTRY } };
	c->auxv[2] = (Elf64_auxv_t){ AT_SYSINFO_EHDR, { DATA + 0x10000 } };
	c->n4 = note(NT_FILE, sizeof(c->files) + sizeof(c->names));
	memcpy(c->files, files, sizeof(files));
	strcpy(c->names, path);
	strcpy(c->names + strlen(path) + 1, path);
	c->n5 = note(NT_PRSTATUS, sizeof(c->other));
	c->other[0].pr_pid = 72;
}

static inline void make_core(struct made_core *c, const char *path,
			     const struct core_program *p)
{
	memcpy(c->eh.e_ident, ELFMAG, SELFMAG);
	c->eh.e_ident[EI_CLASS] = ELFCLASS64;
	c->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	c->eh.e_type = ET_CORE;
	c->eh.e_machine = EM_X86_64;
	c->eh.e_phoff = offsetof(struct made_core, ph);
	c->eh.e_phnum = 1 + LOADS;
	c->eh.e_phentsize = sizeof(Elf64_Phdr);
	c->ph[0] = (Elf64_Phdr){ .p_type = PT_NOTE,
				 .p_offset = offsetof(struct made_core, n1),
				 .p_filesz = offsetof(struct made_core, pages) -
					     offsetof(struct made_core, n1) };
	c->ph[1] = load(TEXT, PAGE, 0, 1, PF_R);
	c->ph[2] = load(TEXT + PAGE, PAGE, 1, 0, PF_R | PF_X);
	c->ph[3] = load(DATA, 2 * PAGE, 1, 2, PF_R | PF_W);
	c->ph[4] = load(DATA + 2 * PAGE, PAGE, 3, 1, PF_R | PF_W);
	make_notes(c, path);
	memcpy(c->pages[0], p, PAGE);
	memset(c->pages[1], 1, PAGE);
	memset(c->pages[2], 2, PAGE);
	memset(c->pages[3], 3, PAGE);
}

#endif
