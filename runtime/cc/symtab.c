/* Symbols of an object, and the code they stand for. */

#include "runtime/cc/symtab.h"

#include <string.h>

#include "runtime/cc/mem.h"

#define CHECK_WITHIN 64		/* bytes; endbr64, nops and a lea fit */

int code_has_check(const unsigned char *p, size_t n)
{
	/* cmp %fs:0x70,%rsp and cmp %fs:0x70,%r11 */
	static const unsigned char tail[] = { 0x25, 0x70, 0, 0, 0 };
	size_t i;

	if (n > CHECK_WITHIN)
		n = CHECK_WITHIN;
	for (i = 0; i + 9 <= n; i++)
		if (p[i] == 0x64 && (p[i + 1] & 0xf8) == 0x48 &&
		    p[i + 2] == 0x3b && (p[i + 3] & 0xc7) == 0x04 &&
		    !memcmp(p + i + 4, tail, sizeof(tail)))
			return 1;
	return 0;
}

struct symtab symtab_of(Elf *elf)
{
	struct symtab t = { .elf = elf };
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_SYMTAB ||
		    !sh.sh_entsize)
			continue;
		t.data = elf_getdata(scn, NULL);
		t.strings = sh.sh_link;
		t.n = t.data ? sh.sh_size / sh.sh_entsize : 0;
	}
	return t;
}

const char *symtab_get(const struct symtab *t, size_t i, GElf_Sym *s)
{
	const char *name;

	if (!gelf_getsym(t->data, (int)i, s))
		return NULL;
	name = elf_strptr(t->elf, t->strings, s->st_name);
	return name && *name ? name : NULL;
}

const unsigned char *symtab_code(const struct symtab *t, const GElf_Sym *s,
				 size_t *bytes)
{
	Elf_Scn *scn;
	Elf_Data *d;
	GElf_Shdr sh;

	if (s->st_shndx == SHN_UNDEF || s->st_shndx >= SHN_LORESERVE)
		return NULL;
	scn = elf_getscn(t->elf, s->st_shndx);
	if (!scn || !gelf_getshdr(scn, &sh) || !(sh.sh_flags & SHF_EXECINSTR))
		return NULL;
	d = elf_getdata(scn, NULL);
	if (!d || !d->d_buf || s->st_value >= d->d_size)
		return NULL;
	*bytes = d->d_size - s->st_value;
	return (const unsigned char *)d->d_buf + s->st_value;
}

int symtab_is_function(const struct symtab *t, const GElf_Sym *s)
{
	unsigned type = GELF_ST_TYPE(s->st_info);
	size_t n;

	return (type == STT_FUNC || type == STT_NOTYPE ||
		type == STT_GNU_IFUNC) && symtab_code(t, s, &n);
}

/* Of C++: it moves the pointer to the object and jumps to a function that
 * checks. */
static int is_adjustor(const char *name)
{
	return str_begins(name, "_ZTh") || str_begins(name, "_ZTv") ||
	       str_begins(name, "_ZTc");
}

/* A cold part is jumped to by a function that has checked. */
int symtab_is_unchecked(const struct symtab *t, const GElf_Sym *s,
			const char *name)
{
	const unsigned char *code;
	size_t n;

	if (GELF_ST_TYPE(s->st_info) != STT_FUNC || !s->st_size ||
	    strstr(name, ".cold") || is_adjustor(name))
		return 0;
	code = symtab_code(t, s, &n);
	if (!code)
		return 0;
	return !code_has_check(code, s->st_size < n ? s->st_size : n);
}
