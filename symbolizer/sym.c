/*
 * Putting it together: DWARF says functions and lines, the symbol table names
 * the outermost function a second time, and stands in where DWARF is silent.
 *
 * For Go code the pclntab comes first, whether there is DWARF or not: by it the
 * program walks and prints its own stacks.  At 12,000 addresses of three
 * versions the two agree but for what compilers made: there DWARF has no file,
 * or the line of a variable's initial value, or (1.18) not the call inlined
 * into a wrapper.  And a first answer is there in 5 ms and 5 MB where DWARF
 * takes 100 and 20.  C code of cgo programs has no lines in the pclntab and is
 * DWARF's.
 */
#include "symbolizer/symbolizer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "symbolizer/cumap.h"
#include "symbolizer/debugfile.h"
#include "symbolizer/gofile.h"
#include "symbolizer/memo.h"
#include "symbolizer/sections.h"
#include "symbolizer/symtab.h"

struct sym {
	struct debugfile file;
	struct sections sections;
	struct symtab symtab;
	struct cumap cus;       /* read with the debug information */
	struct gofile *go;      /* NULL: it has no pclntab */
	struct memo demangled;
	struct memo unversioned;
	const char *reason;     /* of the last lookup */
};

int sym_open(struct sym **out, const char *path, struct err *e)
{
	struct sym *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return err_set(e, -ENOMEM, "%s", path);
	rc = debugfile_open(&s->file, path, e);
	if (rc)
		goto out;
	rc = sections_read(&s->sections, &s->file);
	if (!rc)
		rc = symtab_read(&s->symtab, &s->file);
	if (rc) {
		err_set(e, rc, "%s", path);
		goto out;
	}
	/* Nothing is lost where it has none, or a broken one. */
	gofile_open(&s->go, path, NULL);
	*out = s;
	s = NULL;
out:
	sym_close(s);
	return rc;
}

void sym_close(struct sym *s)
{
	if (!s)
		return;
	memo_release(&s->demangled);
	memo_release(&s->unversioned);
	gofile_close(s->go);
	cumap_release(&s->cus);
	symtab_release(&s->symtab);
	sections_release(&s->sections);
	debugfile_close(&s->file);
	free(s);
}

/* Looks for debug information, once; whether there is any. */
static bool with_dwarf(struct sym *s)
{
	if (!s->file.looked) {
		debugfile_look(&s->file);
		if (s->file.dw && cumap_read(&s->cus, s->file.dw))
			s->cus.cut = true;
	}
	return s->file.dw;
}

/* Adds what the symbol table knows to the outermost frame F. */
static void add_symbol(struct sym *s, uint64_t addr, struct sym_frame *f,
		       bool mangles)
{
	const struct section *in = sections_find(&s->sections, addr);
	const struct symbol *symbol = symtab_find(&s->symtab, addr, in);

	if (!symbol)
		return;
	f->symbol = memo_unversioned(&s->unversioned, symbol->name);
	f->nearest = symbol_is_guess(symbol, addr);
	if (!f->file && !f->func)
		f->file = symbol->file;
	/* Some C++ functions (main, lambdas) have their name only here. */
	if (mangles && f->func && !f->linkage && !f->nearest)
		f->linkage = f->symbol;
}

static const char *reason_for(struct sym *s, uint64_t addr,
			      const struct sym_frame *f)
{
	if (f && f->func && f->line)
		return NULL;
	if (!sections_find(&s->sections, addr))
		return "address is in no section that is loaded";
	if (!s->file.dw && s->go)
		return f && f->func ? "the pclntab has no line for it" :
			"no function of the pclntab is there";
	if (!s->file.dw)
		return *s->file.why ? s->file.why : "no debug information";
	if (s->cus.cut)
		return "debug information is too large to index";
	if (!f || !f->func)
		return "no function of the debug information is there";
	return "the line table has no line for it";
}

/* By pclntab, else by DWARF, else by what little the pclntab knew. */
static size_t lookup(struct sym *s, uint64_t addr, struct sym_frame *out,
		     size_t max, bool *mangles)
{
	size_t n = 0;

	if (s->go)
		n = gosym_frames(gofile_sym(s->go), addr, out, max);
	if (n && out[0].line)
		return n;
	if (with_dwarf(s))
		n = cumap_lookup(&s->cus, addr - s->file.dw_bias, out, max,
				 mangles);
	if (!n && s->go)
		n = gosym_frames(gofile_sym(s->go), addr, out, max);
	return n;
}

size_t sym_lookup(struct sym *s, uint64_t addr, struct sym_frame *out,
		  size_t max)
{
	bool mangles = false;
	size_t n = 0;

	if (max > SYM_FRAMES_MAX)
		max = SYM_FRAMES_MAX;
	if (max)
		n = lookup(s, addr, out, max, &mangles);
	if (n) {
		if (!out[n - 1].inlined)
			add_symbol(s, addr, &out[n - 1], mangles);
	} else if (max) {
		out[0] = (struct sym_frame){ 0 };
		add_symbol(s, addr, &out[0], mangles);
		n = out[0].symbol != NULL;
	}
	s->reason = reason_for(s, addr, n ? &out[0] : NULL);
	return n;
}

const char *sym_reason(const struct sym *s)
{
	return s->reason;
}

const char *sym_demangle(struct sym *s, const char *name)
{
	return memo_demangle(&s->demangled, name);
}

const char *sym_frame_name(struct sym *s, const struct sym_frame *f)
{
	if (f->linkage)
		return sym_demangle(s, f->linkage);
	if (f->func)
		return f->func;
	return f->symbol && !f->nearest ? sym_demangle(s, f->symbol) : NULL;
}

const struct buildid *sym_buildid(const struct sym *s)
{
	return &s->file.id;
}

int sym_addr_of_offset(const struct sym *s, uint64_t off, uint64_t *addr)
{
	size_t n;

	if (elf_getphdrnum(s->file.elf, &n))
		return -ENOENT;
	for (size_t i = 0; i < n && i <= INT32_MAX; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(s->file.elf, (int)i, &ph))
			return -ENOENT;
		if (ph.p_type != PT_LOAD || off < ph.p_offset ||
		    off - ph.p_offset >= ph.p_filesz)
			continue;
		*addr = off - ph.p_offset + ph.p_vaddr;
		return 0;
	}
	return -ENOENT;
}

int sym_addr_of_section(const struct sym *s, const char *name, uint64_t *addr)
{
	const struct section *section = sections_named(&s->sections, name);

	if (!section)
		return -ENOENT;
	*addr = section->lo;
	return 0;
}

uint64_t sym_addr_in_object(const struct sym *s, uint64_t off)
{
	for (size_t i = 0; s->file.object && i < s->sections.n; i++) {
		const struct section *in = &s->sections.list[i];

		if (off < in->hi - in->lo)
			return in->lo + off;
	}
	return off;
}

bool sym_has_addr(const struct sym *s, uint64_t addr)
{
	return sections_find(&s->sections, addr) != NULL;
}

bool sym_has_pclntab(const struct sym *s)
{
	return s->go;
}

const char *sym_debug_file(struct sym *s, const char **why)
{
	with_dwarf(s);
	if (why)
		*why = s->file.dw ? NULL : s->file.why;
	return s->file.debug_path;
}
