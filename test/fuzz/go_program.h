/*
 * A Go 1.26 program that does not exist, as small as one can be: a file with
 * the sections and symbols a reader looks for, which is also its memory from
 * PROGRAM on, and a heap with a few goroutines, an M and a P.
 */
#ifndef TEST_FUZZ_GO_PROGRAM_H
#define TEST_FUZZ_GO_PROGRAM_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include "lib/target/go/offsets.h"
#include "test/fuzz/must.h"
#include "test/pclntab.h"

#define PROGRAM UINT64_C(0x400000)
#define HEAP UINT64_C(0xc000000000)

enum {
	FILE_BYTES = 0x6000,
	HEAP_BYTES = 0x4000,
	/* In the file. */
	TEXT_AT = 0x1000, TABLE_AT = 0x2000, TREES_AT = 0x3800,
	DATA_AT = 0x4000, MODULE_AT = 0x4100, ALLGS_AT = 0x4400,
	ALLGLEN_AT = 0x4418, ALLGPTR_AT = 0x4420, ALLP_AT = 0x4428,
	ALLM_AT = 0x4440, SCHED_AT = 0x4480, REASONS_AT = 0x4700,
	WORDS_AT = 0x4e00,
	SYMBOLS_AT = 0x5000, NAMES_AT = 0x5200, SECTIONS_AT = 0x5400,
	/* On the heap. */
	LIST_AT = 0, GS_AT = 0x100, SUDOG_AT = 0xc00, CHAN_AT = 0xd00,
	LABELS_AT = 0xe00, M_AT = 0x1000, P_AT = 0x2000, STACKS_AT = 0x3000,
	GS = 4, G_BYTES = 0x200, STACK_BYTES = 0x400,
	THREAD = 77, MODULE_SIZE = 592, WAITING = 4,
};

struct go_program {
	uint8_t bytes[FILE_BYTES + HEAP_BYTES]; /* the heap behind the file */
	struct go_offsets at;
};

static const struct ptab_func program_funcs[] = {
	{ .name = "runtime.goexit", .flags = 5, .depth = { { 0x40, 0 } } },
	{ .name = "main.main", .entry = 0x40, .start_line = 3,
	  .depth = { { 4, 0 }, { 0x40, 40 } },
	  .file = { { 0x40, 0 } }, .line = { { 0x20, 4 }, { 0x40, 5 } },
	  .inlined = { { 0x20, -1 }, { 0x30, 0 }, { 0x40, -1 } },
	  .calls = { { "main.inlined", 0x18, 9, 0 } } },
	{ .name = "main.work", .entry = 0x80, .depth = { { 0x40, 24 } },
	  .file = { { 0x40, 0 } }, .line = { { 0x40, 7 } } },
	{ .name = "runtime.gopark", .entry = 0xc0, .depth = { { 0x40, 16 } },
	  .file = { { 0x40, 1 } }, .line = { { 0x40, 400 } } },
};

static inline void *program_at(struct go_program *p, uint64_t address)
{
	return address >= HEAP ? p->bytes + FILE_BYTES + (address - HEAP) :
		p->bytes + (address - PROGRAM);
}

static inline void program_put(struct go_program *p, uint64_t address,
			       uint64_t v)
{
	memcpy(program_at(p, address), &v, sizeof(v));
}

/* The same for a member of the structure at ADDRESS. */
static inline void program_set(struct go_program *p, uint64_t address,
			       enum go_field f, uint64_t v)
{
	if (p->at.at[f] >= 0)
		program_put(p, address + (uint64_t)p->at.at[f], v);
}

static inline void program_slice(struct go_program *p, uint64_t address,
				 uint64_t first, uint64_t n)
{
	program_put(p, address, first);
	program_put(p, address + 8, n);
	program_put(p, address + 16, n);
}

static inline void program_table(struct go_program *p)
{
	static const char *const files[] = { "/main.go", "/proc.go", NULL };
	uint64_t module = PROGRAM + MODULE_AT;
	struct ptab t;

	ptab_make(&t, 26, program_funcs, 4, 0x100, files);
	must(t.table.len <= TREES_AT - TABLE_AT);
	memcpy(p->bytes + TABLE_AT, t.table.data, t.table.len);
	memcpy(p->bytes + TREES_AT, t.trees.data, t.trees.len);
	ptab_release(&t);
	program_put(p, module, PROGRAM + TABLE_AT);
	program_put(p, module + 8, PROGRAM + TABLE_AT + 72);
	program_set(p, module, GO_MD_MINPC, PTAB_TEXT);
	program_set(p, module, GO_MD_MAXPC, PTAB_TEXT + 0x100);
	program_set(p, module, GO_MD_TEXT, PTAB_TEXT);
	program_set(p, module, GO_MD_ETEXT, PTAB_TEXT + 0x100);
	program_set(p, module, GO_MD_GOFUNC, PROGRAM + TREES_AT);
}

/* Goroutine I, parked in gopark() of work() of main(). */
static inline void program_g(struct go_program *p, uint64_t i)
{
	uint64_t g = HEAP + GS_AT + i * G_BYTES;
	uint64_t lo = HEAP + STACKS_AT + i * STACK_BYTES;
	uint64_t sp = lo + STACK_BYTES - 160;
	uint64_t sched = g + (uint64_t)p->at.at[GO_G_SCHED];

	program_put(p, HEAP + LIST_AT + i * 8, g);
	program_put(p, g, lo);
	program_put(p, g + 8, lo + STACK_BYTES);
	program_set(p, sched, GO_GOBUF_SP, sp);
	program_set(p, sched, GO_GOBUF_PC, PTAB_TEXT + 0xd0);
	program_set(p, g, GO_G_STATUS, WAITING);
	program_set(p, g, GO_G_GOID, i + 1);
	program_set(p, g, GO_G_WAITREASON, i % 2 + 1);
	program_set(p, g, GO_G_GOPC, PTAB_TEXT + 0x60);
	program_set(p, g, GO_G_STARTPC, PTAB_TEXT + 0x40);
	program_set(p, g, GO_G_PARENT, 1);
	program_put(p, sp + 16, PTAB_TEXT + 0x90);
	program_put(p, sp + 16 + 8 + 24, PTAB_TEXT + 0x68);
	program_put(p, sp + 16 + 8 + 24 + 8 + 40, PTAB_TEXT + 1);
}

/* What the last goroutine waits on, and its label. */
static inline void program_wait(struct go_program *p)
{
	uint64_t g = HEAP + GS_AT + (GS - 1) * G_BYTES;
	uint64_t word = PROGRAM + WORDS_AT + 16, label[] = { word, 4, word, 4 };

	program_set(p, g, GO_G_WAITING, HEAP + SUDOG_AT);
	program_set(p, HEAP + SUDOG_AT, GO_SUDOG_G, g);
	/* A pair, of which the second is always true. */
	program_set(p, HEAP + SUDOG_AT + 8, GO_SUDOG_C, HEAP + CHAN_AT);
	program_put(p, HEAP + CHAN_AT +
		    (uint64_t)p->at.at[GO_HCHAN_RECVQ], HEAP + SUDOG_AT);
	program_set(p, g, GO_G_LABELS, HEAP + LABELS_AT);
	program_slice(p, HEAP + LABELS_AT, HEAP + LABELS_AT + 64, 1);
	memcpy(program_at(p, HEAP + LABELS_AT + 64), label, sizeof(label));
}

static inline void program_heap(struct go_program *p)
{
	uint64_t g0 = HEAP + GS_AT + GS * G_BYTES, m = HEAP + M_AT;

	for (uint64_t i = 0; i < GS; i++)
		program_g(p, i);
	program_wait(p);
	program_set(p, m, GO_M_G0, g0);
	program_set(p, g0, GO_G_M, m);
	program_set(p, m, GO_M_PROCID, THREAD);
	program_put(p, PROGRAM + ALLM_AT, m);
	program_put(p, HEAP + LIST_AT + 0x80, HEAP + P_AT);
	program_slice(p, PROGRAM + ALLP_AT, HEAP + LIST_AT + 0x80, 1);
	program_slice(p, PROGRAM + ALLGS_AT, HEAP + LIST_AT, GS);
	program_put(p, PROGRAM + ALLGLEN_AT, GS);
	program_put(p, PROGRAM + ALLGPTR_AT, HEAP + LIST_AT);
}

static inline void program_words(struct go_program *p)
{
	static const char info[] = "\xff Go buildinf:\x08\x02";
	static const char *const reasons[] = {
		"", "chan receive", "select"
	};
	uint64_t at = PROGRAM + WORDS_AT;

	memcpy(p->bytes + DATA_AT, info, sizeof(info) - 1);
	memcpy(p->bytes + DATA_AT + 32, "\x08go1.26.8", 9);
	for (uint64_t i = 0; i < 3; i++, at += 16) {
		program_put(p, PROGRAM + REASONS_AT + 16 * i, at);
		program_put(p, PROGRAM + REASONS_AT + 16 * i + 8,
			    strlen(reasons[i]));
		strcpy(program_at(p, at), reasons[i]);
	}
}

static inline void program_symbols(struct go_program *p)
{
	static const struct { const char *name; uint64_t at; } symbols[] = {
		{ "runtime.allgs", ALLGS_AT }, { "runtime.allm", ALLM_AT },
		{ "runtime.allglen", ALLGLEN_AT },
		{ "runtime.allgptr", ALLGPTR_AT }, { "runtime.allp", ALLP_AT },
		{ "runtime.sched", SCHED_AT },
		{ "runtime.waitReasonStrings", REASONS_AT },
		{ "runtime.firstmoduledata", MODULE_AT },
	};
	char *names = (char *)p->bytes + NAMES_AT;
	size_t used = 1;

	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
		Elf64_Sym s = {
			.st_name = (Elf64_Word)used,
			.st_info = ELF64_ST_INFO(STB_LOCAL, STT_OBJECT),
			.st_shndx = 3, .st_value = PROGRAM + symbols[i].at,
			.st_size = i == 6 ? 48 : 8,
		};

		memcpy(p->bytes + SYMBOLS_AT + (i + 1) * sizeof(s), &s,
		       sizeof(s));
		strcpy(names + used, symbols[i].name);
		used += strlen(symbols[i].name) + 1;
	}
}

static inline void program_sections(struct go_program *p)
{
	static const struct {
		const char *name;
		uint32_t type, at, bytes, link, entry;
	} sections[] = {
		{ "", SHT_NULL, 0, 0, 0, 0 },
		{ ".text", SHT_PROGBITS, TEXT_AT, 0x100, 0, 0 },
		{ ".gopclntab", SHT_PROGBITS, TABLE_AT, 0x1800, 0, 0 },
		{ ".go.buildinfo", SHT_PROGBITS, DATA_AT, 0x100, 0, 0 },
		{ ".go.module", SHT_PROGBITS, MODULE_AT, MODULE_SIZE, 0, 0 },
		{ ".symtab", SHT_SYMTAB, SYMBOLS_AT, 9 * sizeof(Elf64_Sym), 6,
		  sizeof(Elf64_Sym) },
		{ ".strtab", SHT_STRTAB, NAMES_AT, 0x200, 0, 0 },
	};
	char *names = (char *)p->bytes + NAMES_AT + 0x180;
	size_t used = 0;

	for (size_t i = 0; i < 7; i++) {
		Elf64_Shdr h = {
			.sh_name = (Elf64_Word)(0x180 + used),
			.sh_type = sections[i].type,
			.sh_flags = sections[i].type == SHT_PROGBITS ?
				SHF_ALLOC : 0,
			.sh_addr = PROGRAM + sections[i].at,
			.sh_offset = sections[i].at,
			.sh_size = sections[i].bytes,
			.sh_link = sections[i].link,
			.sh_entsize = sections[i].entry,
		};

		memcpy(p->bytes + SECTIONS_AT + i * sizeof(h), &h, sizeof(h));
		strcpy(names + used, sections[i].name);
		used += strlen(sections[i].name) + 1;
	}
}

static inline void program_header(struct go_program *p)
{
	static const struct { uint32_t flags, at, bytes; } segments[] = {
		{ PF_R | PF_X, TEXT_AT, 0x1000 },
		{ PF_R, TABLE_AT, 0x2000 },
		{ PF_R | PF_W, DATA_AT, 0x1000 },
	};
	Elf64_Ehdr e = {
		.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_X86_64,
		.e_version = EV_CURRENT, .e_phoff = sizeof(e),
		.e_shoff = SECTIONS_AT, .e_ehsize = sizeof(e),
		.e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 3,
		.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 7,
		.e_shstrndx = 6,
	};

	memcpy(p->bytes, &e, sizeof(e));
	for (size_t i = 0; i < 3; i++) {
		Elf64_Phdr h = {
			.p_type = PT_LOAD, .p_flags = segments[i].flags,
			.p_offset = segments[i].at,
			.p_vaddr = PROGRAM + segments[i].at,
			.p_filesz = segments[i].bytes,
			.p_memsz = segments[i].bytes, .p_align = 0x1000,
		};

		memcpy(p->bytes + sizeof(e) + i * sizeof(h), &h, sizeof(h));
	}
}

/* Makes it, by the row of Go 1.26. */
static inline void program_make(struct go_program *p)
{
	memset(p, 0, sizeof(*p));
	must(!go_offsets_load(&p->at, 26, GO_PATCH_NEWEST, NULL));
	program_header(p);
	program_sections(p);
	program_symbols(p);
	program_words(p);
	program_table(p);
	program_heap(p);
}

#endif
