#ifndef PGO_CC_SYMTAB_H
#define PGO_CC_SYMTAB_H
/*
 * The table of symbols of an ELF file, and what stands at them: whether that
 * is a function, and one that checks its stack.
 */

#include <gelf.h>

struct symtab {
	Elf *elf;
	Elf_Data *data;
	size_t strings, n;
};

/* ELF's; N is 0 when it has none. */
struct symtab symtab_of(Elf *elf);

/* Symbol I, whose name is returned; NULL when it has none. */
const char *symtab_get(const struct symtab *t, size_t i, GElf_Sym *s);

/* In an object: the code of S and how many bytes of it there are; NULL: no
 * code. */
const unsigned char *symtab_code(const struct symtab *t, const GElf_Sym *s,
				 size_t *bytes);
int symtab_is_function(const struct symtab *t, const GElf_Sym *s);

/* Whether S, named NAME, is a function that should check its stack and does
 * not. */
int symtab_is_unchecked(const struct symtab *t, const GElf_Sym *s,
			const char *name);

/* Whether the N bytes at P begin a function with a limit check. */
int code_has_check(const unsigned char *p, size_t n);

#endif
