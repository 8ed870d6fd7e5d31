/*
 * A program names its gdb script in .debug_gdb_scripts: a byte 1, then the
 * path.  gdb loads it where the user's auto-load safe-path allows; strip takes
 * the section away, and a file of debug information keeps it.
 *
 * Not chosen: the whole script in there.  Then every program's folder would
 * have to be declared safe, not pgo's once.
 *
 * A byte of read-only data with a name is what keeps the object in the link:
 * with --gc-sections an object of debug sections alone is dropped.
 */

#include "runtime/cc/script.h"

#include "runtime/cc/object.h"

enum {
	S_NULL, S_SCRIPTS, S_KEEP, S_STACK, S_SPLIT, S_SYMTAB, S_STRTAB,
	S_SHSTRTAB, S_COUNT
};

static const struct section shape[S_COUNT] = {
	[S_NULL] = { .name = "" },
	[S_SCRIPTS] = { .name = ".debug_gdb_scripts", .type = SHT_PROGBITS,
		.flags = SHF_MERGE | SHF_STRINGS, .align = 1,
		.entry_bytes = 1 },
	[S_KEEP] = { .name = ".rodata", .type = SHT_PROGBITS,
		.flags = SHF_ALLOC, .align = 1 },
	[S_STACK] = { .name = ".note.GNU-stack", .type = SHT_PROGBITS,
		.align = 1 },
	[S_SPLIT] = { .name = ".note.GNU-split-stack", .type = SHT_PROGBITS,
		.align = 1 },
	[S_SYMTAB] = { .name = ".symtab", .type = SHT_SYMTAB, .align = 8,
		.entry_bytes = sizeof(Elf64_Sym), .link = S_STRTAB,
		.info = 1 },
	[S_STRTAB] = { .name = ".strtab", .type = SHT_STRTAB, .align = 1 },
	[S_SHSTRTAB] = { .name = ".shstrtab", .type = SHT_STRTAB, .align = 1 },
};

void script_object(struct bytes *out, const char *path)
{
	struct bytes sec[S_COUNT] = { 0 };
	Elf64_Sym symbol[2] = {
		[1] = {
			.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
			.st_other = STV_HIDDEN,
			.st_shndx = S_KEEP,
			.st_size = 1,
		},
	};

	bytes_u8(&sec[S_SCRIPTS], 1);
	bytes_str(&sec[S_SCRIPTS], path);
	bytes_u8(&sec[S_KEEP], 0);
	bytes_u8(&sec[S_STRTAB], 0);
	symbol[1].st_name = (Elf64_Word)bytes_str(&sec[S_STRTAB],
						  SCRIPT_SYMBOL);
	bytes_add(&sec[S_SYMTAB], symbol, sizeof(symbol));
	object_write(out, shape, sec, S_COUNT);
}
