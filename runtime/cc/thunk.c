/*
 * Thunks as machine code, in an object file written byte by byte.
 *
 * There are 3000 of them and each must be an archive member of its own; an
 * assembler run for each takes a minute, this takes a fraction of a second.
 * A plain thunk is
 *
 *	endbr64
 *	mov   $stack_bytes,%r10d		(THUNK_STACK only)
 *	mov   __real_X@GOTPCREL(%rip),%r11
 *	jmp   pgo_thunk_KIND
 *
 * A variadic function is worse: nobody knows how much lies on the stack.  Its
 * thunk builds the va_list a C function would have built, over the caller's
 * own argument area, and calls the v-twin: no copy, any number of arguments.
 *
 * Every object carries .note.GNU-split-stack: linkers that rewrite callers of
 * unsplit code must leave callers of thunks alone.  The unwind tables are
 * exact at every instruction, since profiling ticks land here too.
 */

#include "runtime/cc/thunk.h"

#include <string.h>

#include "runtime/cc/mem.h"
#include "runtime/cc/object.h"

enum {
	S_NULL, S_TEXT, S_RELATEXT, S_EH, S_RELAEH, S_PROP, S_STACK, S_SPLIT,
	S_SYMTAB, S_STRTAB, S_SHSTRTAB, S_COUNT
};

struct object {
	struct bytes sec[S_COUNT];
	unsigned entry[THUNK_VALIST + 1];	/* symbol of each entry, or 0 */
};

static const char *const entry_name[] = {
	[THUNK_REGS] = "pgo_thunk_regs",
	[THUNK_STACK] = "pgo_thunk_stack",
	[THUNK_ANY] = "pgo_thunk_any",
	[THUNK_LEAF] = "pgo_thunk_leaf",
	[THUNK_VALIST] = "pgo_thunk_regs",
};

static void code(struct object *o, const char *bytes, size_t n)
{
	bytes_add(&o->sec[S_TEXT], bytes, n);
}
#define CODE(o, s) code(o, s, sizeof(s) - 1)

static unsigned symbol(struct object *o, const char *name, unsigned info,
		       unsigned shndx, size_t value, size_t bytes)
{
	Elf64_Sym s = {
		.st_info = (unsigned char)info,
		.st_shndx = (Elf64_Half)shndx,
		.st_value = value,
		.st_size = bytes,
	};

	if (name)
		s.st_name = (Elf64_Word)bytes_str(&o->sec[S_STRTAB], name);
	bytes_add(&o->sec[S_SYMTAB], &s, sizeof(s));
	return (unsigned)(o->sec[S_SYMTAB].n / sizeof(s)) - 1;
}

static unsigned undefined(struct object *o, const char *name)
{
	return symbol(o, name, ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE),
		      SHN_UNDEF, 0, 0);
}

static void reloc(struct object *o, int rela, int sec, unsigned sym,
		  unsigned type, long addend)
{
	Elf64_Rela r = {
		.r_offset = o->sec[sec].n,
		.r_info = ELF64_R_INFO((Elf64_Xword)sym, type),
		.r_addend = addend,
	};

	bytes_add(&o->sec[rela], &r, sizeof(r));
	bytes_u32(&o->sec[sec], 0);
}

static unsigned entry_symbol(struct object *o, enum thunk_kind kind)
{
	if (kind == THUNK_VALIST)
		kind = THUNK_REGS;
	if (!o->entry[kind])
		o->entry[kind] = undefined(o, entry_name[kind]);
	return o->entry[kind];
}

/* mov __real_REAL@GOTPCREL(%rip),%r11; then OPCODE (call or jmp) the entry. */
static void code_go(struct object *o, const struct thunk *t,
		    const char *opcode)
{
	unsigned real = undefined(o, t->direct ? t->real :
				  str_form("__real_%s", t->real));

	CODE(o, "\x4c\x8b\x1d");
	reloc(o, S_RELATEXT, S_TEXT, real, R_X86_64_REX_GOTPCRELX, -4);
	code(o, opcode, 1);
	reloc(o, S_RELATEXT, S_TEXT, entry_symbol(o, t->kind),
	      R_X86_64_PLT32, -4);
}

/* The register save area is at 24(%rsp), its vector part 48 bytes later. */
static void code_save_args(struct object *o, unsigned named)
{
	static const char store[6][5] = {
		"\x48\x89\x7c\x24", "\x48\x89\x74\x24", "\x48\x89\x54\x24",
		"\x48\x89\x4c\x24", "\x4c\x89\x44\x24", "\x4c\x89\x4c\x24",
	};
	unsigned i;

	for (i = named; i < 6; i++) {
		code(o, store[i], 4);
		bytes_u8(&o->sec[S_TEXT], 24 + 8 * i);
	}
	CODE(o, "\x84\xc0\x74\x40");		/* test %al,%al; je +64 */
	for (i = 0; i < 8; i++) {		/* movups %xmmI,72+16I(%rsp) */
		CODE(o, "\x0f\x11");
		bytes_u8(&o->sec[S_TEXT], 0x84 | i << 3);
		CODE(o, "\x24");
		bytes_u32(&o->sec[S_TEXT], 72 + 16 * i);
	}
}

static void code_valist(struct object *o, const struct thunk *t)
{
	static const char pass[6][4] = {
		"\x48\x89\xe7", "\x48\x89\xe6", "\x48\x89\xe2",
		"\x48\x89\xe1", "\x49\x89\xe0", "\x49\x89\xe1",
	};

	CODE(o, "\x55\x48\x89\xe5");		/* push %rbp; mov %rsp,%rbp */
	CODE(o, "\x48\x81\xec\xd0\0\0\0");	/* sub $208,%rsp */
	code_save_args(o, t->named);
	CODE(o, "\xc7\x04\x24");		/* movl $8*named,(%rsp) */
	bytes_u32(&o->sec[S_TEXT], 8 * t->named);
	CODE(o, "\xc7\x44\x24\x04\x30\0\0\0");	/* movl $48,4(%rsp) */
	CODE(o, "\x48\x8d\x45\x10");		/* lea 16(%rbp),%rax */
	CODE(o, "\x48\x89\x44\x24\x08");	/* mov %rax,8(%rsp) */
	CODE(o, "\x48\x8d\x44\x24\x18");	/* lea 24(%rsp),%rax */
	CODE(o, "\x48\x89\x44\x24\x10");	/* mov %rax,16(%rsp) */
	code(o, pass[t->named], 3);		/* mov %rsp,ARG */
	CODE(o, "\x31\xc0");			/* xor %eax,%eax */
	code_go(o, t, "\xe8");
	CODE(o, "\xc9\xc3");			/* leave; ret */
}

/* "zR", code 1, data -8, return address 16; CFA = rsp+8, rip at CFA-8. */
static void unwind_cie(struct object *o)
{
	static const char cie[] =
		"\x14\0\0\0" "\0\0\0\0" "\1" "zR\0" "\1\x78\x10\1\x1b"
		"\x0c\7\x08" "\x90\1" "\0\0";

	bytes_add(&o->sec[S_EH], cie, sizeof(cie) - 1);
}

static void unwind_fde(struct object *o, size_t at, size_t size,
		       enum thunk_kind kind)
{
	static const char framed[] =
		"\x45" "\x0e\x10" "\x86\2"	/* after the push */
		"\x43" "\x0d\6";		/* after the mov */
	struct bytes *eh = &o->sec[S_EH];
	size_t begin = eh->n;
	uint32_t length;

	bytes_u32(eh, 0);
	bytes_u32(eh, (uint32_t)(begin + 4));	/* back to the CIE at 0 */
	reloc(o, S_RELAEH, S_EH, 1, R_X86_64_PC32, (long)at);
	bytes_u32(eh, (uint32_t)size);
	bytes_u8(eh, 0);			/* no augmentation */
	if (kind == THUNK_VALIST) {
		bytes_add(eh, framed, sizeof(framed) - 1);
		bytes_u8(eh, 0x02);		/* advance to the ret */
		bytes_u8(eh, (unsigned)(size - 1 - 8));
		bytes_add(eh, "\x0c\7\x08\xc6", 4);
	}
	bytes_pad(eh, 8, 0);
	length = (uint32_t)(eh->n - begin - 4);
	memcpy(eh->p + begin, &length, 4);
}

static void add_thunk(struct object *o, const struct thunk *t)
{
	struct bytes *text = &o->sec[S_TEXT];
	size_t at;

	bytes_pad(text, 16, 0x90);
	at = text->n;
	CODE(o, "\xf3\x0f\x1e\xfa");		/* endbr64 */
	if (t->kind == THUNK_VALIST) {
		code_valist(o, t);
	} else {
		if (t->kind == THUNK_STACK) {
			CODE(o, "\x41\xba");	/* mov $N,%r10d */
			bytes_u32(text, t->stack_bytes);
		}
		code_go(o, t, "\xe9");
	}
	symbol(o, str_form("__wrap_%s", t->name),
	       ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), S_TEXT, at, text->n - at);
	unwind_fde(o, at, text->n - at, t->kind);
}

static const struct section shape[S_COUNT] = {
	[S_NULL] = { "", SHT_NULL, 0, 0, 0, 0, 0 },
	[S_TEXT] = { ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16,
		0, 0, 0 },
	[S_RELATEXT] = { ".rela.text", SHT_RELA, SHF_INFO_LINK, 8,
		sizeof(Elf64_Rela), S_SYMTAB, S_TEXT },
	[S_EH] = { ".eh_frame", SHT_PROGBITS, SHF_ALLOC, 8, 0, 0, 0 },
	[S_RELAEH] = { ".rela.eh_frame", SHT_RELA, SHF_INFO_LINK, 8,
		sizeof(Elf64_Rela), S_SYMTAB, S_EH },
	[S_PROP] = { ".note.gnu.property", SHT_NOTE, SHF_ALLOC, 8, 0, 0, 0 },
	[S_STACK] = { ".note.GNU-stack", SHT_PROGBITS, 0, 1, 0, 0, 0 },
	[S_SPLIT] = { ".note.GNU-split-stack", SHT_PROGBITS, 0, 1, 0, 0, 0 },
	[S_SYMTAB] = { ".symtab", SHT_SYMTAB, 0, 8, sizeof(Elf64_Sym),
		S_STRTAB, 2 },
	[S_STRTAB] = { ".strtab", SHT_STRTAB, 0, 1, 0, 0, 0 },
	[S_SHSTRTAB] = { ".shstrtab", SHT_STRTAB, 0, 1, 0, 0, 0 },
};

void thunk_object(struct bytes *out, const struct thunk *t, size_t n)
{
	/* The code keeps indirect branch and shadow stack promises. */
	static const char property[] =
		"\4\0\0\0" "\x10\0\0\0" "\5\0\0\0" "GNU\0"
		"\2\0\0\xc0" "\4\0\0\0" "\3\0\0\0" "\0\0\0\0";
	struct object o = { 0 };
	size_t i;

	bytes_u8(&o.sec[S_STRTAB], 0);
	symbol(&o, NULL, 0, 0, 0, 0);
	symbol(&o, NULL, ELF64_ST_INFO(STB_LOCAL, STT_SECTION), S_TEXT, 0, 0);
	bytes_add(&o.sec[S_PROP], property, sizeof(property) - 1);
	unwind_cie(&o);
	for (i = 0; i < n; i++)
		add_thunk(&o, &t[i]);
	object_write(out, shape, o.sec, S_COUNT);
}
