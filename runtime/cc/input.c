/*
 * Reading objects.
 *
 * gcc marks an object made with -fsplit-stack by .note.GNU-split-stack.  The
 * note alone is not trusted: ld -r keeps it when half of the object has no
 * checks, and so does an attribute on one function.  So every function's
 * first bytes are looked at too; that costs microseconds.
 *
 * A slim LTO object has no code.  Its symbols are in .gnu.lto_.symtab, and
 * what pgo-cc compiles at the link is split whatever the object was made with.
 */

#include "runtime/cc/input.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "runtime/cc/mem.h"

#define CHECK_WITHIN 64		/* bytes; endbr64, nops and a lea fit */

int input_plugin = 1;

struct symtab {
	Elf_Data *data;
	size_t strings, n;
};

int code_has_check(const unsigned char *p, size_t n)
{
	/* cmp %fs:0x70,%rsp and cmp %fs:0x70,%r11 */
	static const unsigned char tail[6] = { 0x25, 0x70, 0, 0, 0 };
	size_t i;

	if (n > CHECK_WITHIN)
		n = CHECK_WITHIN;
	for (i = 0; i + 9 <= n; i++)
		if (p[i] == 0x64 && (p[i + 1] & 0xf8) == 0x48 &&
		    p[i + 2] == 0x3b && (p[i + 3] & 0xc7) == 0x04 &&
		    !memcmp(p + i + 4, tail, 5))
			return 1;
	return 0;
}

static const char *section_name(Elf *elf, const GElf_Shdr *sh)
{
	size_t names;
	const char *s;

	if (elf_getshdrstrndx(elf, &names))
		return "";
	s = elf_strptr(elf, names, sh->sh_name);
	return s ? s : "";
}

static Elf_Scn *section_named(struct input *in, const char *prefix)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(in->elf, scn)))
		if (gelf_getshdr(scn, &sh) &&
		    str_begins(section_name(in->elf, &sh), prefix))
			return scn;
	return NULL;
}

static struct symtab symtab_of(struct input *in)
{
	struct symtab t = { 0 };
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(in->elf, scn))) {
		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_SYMTAB ||
		    !sh.sh_entsize)
			continue;
		t.data = elf_getdata(scn, NULL);
		t.strings = sh.sh_link;
		t.n = t.data ? sh.sh_size / sh.sh_entsize : 0;
	}
	return t;
}

static const char *symbol(struct input *in, const struct symtab *t, size_t i,
			  GElf_Sym *s)
{
	const char *name;

	if (!gelf_getsym(t->data, (int)i, s))
		return NULL;
	name = elf_strptr(in->elf, t->strings, s->st_name);
	return name && *name ? name : NULL;
}

/* The code of symbol S and how many bytes of it there are; NULL: no code. */
static const unsigned char *code_of(struct input *in, const GElf_Sym *s,
				    size_t *bytes)
{
	Elf_Scn *scn;
	Elf_Data *d;
	GElf_Shdr sh;

	if (s->st_shndx == SHN_UNDEF || s->st_shndx >= SHN_LORESERVE)
		return NULL;
	scn = elf_getscn(in->elf, s->st_shndx);
	if (!scn || !gelf_getshdr(scn, &sh) || !(sh.sh_flags & SHF_EXECINSTR))
		return NULL;
	d = elf_getdata(scn, NULL);
	if (!d || !d->d_buf || s->st_value >= d->d_size)
		return NULL;
	*bytes = d->d_size - s->st_value;
	return (const unsigned char *)d->d_buf + s->st_value;
}

static int is_function(struct input *in, const GElf_Sym *s)
{
	unsigned type = GELF_ST_TYPE(s->st_info);
	size_t n;

	return (type == STT_FUNC || type == STT_NOTYPE ||
		type == STT_GNU_IFUNC) && code_of(in, s, &n);
}

/* Of C++: it moves the pointer to the object and jumps to a function that
 * checks. */
static int is_adjustor(const char *name)
{
	return str_begins(name, "_ZTh") || str_begins(name, "_ZTv") ||
	       str_begins(name, "_ZTc");
}

/* A cold part is jumped to by a function that has checked. */
static int is_unchecked(struct input *in, const GElf_Sym *s, const char *name)
{
	const unsigned char *code;
	size_t n;

	if (GELF_ST_TYPE(s->st_info) != STT_FUNC || !s->st_size ||
	    strstr(name, ".cold") || is_adjustor(name))
		return 0;
	code = code_of(in, s, &n);
	if (!code)
		return 0;
	return !code_has_check(code, s->st_size < n ? s->st_size : n);
}

/* By a note that says so, or without one, as assembly may be.  gcc writes it
 * where the address of a nested function is taken. */
static int asks_for_exec_stack(struct input *in)
{
	Elf_Scn *note = section_named(in, ".note.GNU-stack");
	GElf_Shdr sh;

	return !note || !gelf_getshdr(note, &sh) ||
	       (sh.sh_flags & SHF_EXECINSTR) != 0;
}

static void look(struct input *in)
{
	struct symtab t = symtab_of(in);
	const char *name;
	GElf_Sym s;
	size_t i;

	in->split = section_named(in, ".note.GNU-split-stack") != NULL;
	in->lto = input_plugin &&
		  section_named(in, ".gnu.lto_.symtab") != NULL;
	in->exec_stack = asks_for_exec_stack(in);
	if (in->lto)
		in->split = 1;
	for (i = 1; in->split && !in->lto && i < t.n; i++) {
		name = symbol(in, &t, i, &s);
		if (name && is_unchecked(in, &s, name))
			in->n_unchecked++;
	}
}

/* The source file the object came from. */
static const char *source_name(struct input *in)
{
	struct symtab t = symtab_of(in);
	const char *name;
	GElf_Sym s;
	size_t i;

	for (i = 1; i < t.n; i++) {
		name = symbol(in, &t, i, &s);
		if (name && GELF_ST_TYPE(s.st_info) == STT_FILE)
			return name;
	}
	return NULL;
}

/* What a message calls it; gcc's own temporary object by its source. */
static const char *label(struct input *in)
{
	const char *base = str_base(in->path), *source = NULL;

	if (in->member)
		return str_form("%s(%s)", base, in->member);
	if (*in->path == '/' && strlen(base) == 10 && str_begins(base, "cc"))
		source = source_name(in);
	return source ? source : in->path;
}

/* The file at PATH mapped whole; the descriptor is closed at once, since a
 * link may take thousands of objects. */
static Elf *open_elf(const char *path)
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
	ar = open_elf(path);
	while (ar && (elf = elf_begin(-1, cmd, ar))) {
		add_member(e->p, elf);
		cmd = elf_next(elf);
	}
	return e->p;
}

static Elf *open_member(const char *path, const char *member, int nth)
{
	struct name *e = names_find(members_of(path), member);
	struct member *m = e ? e->p : NULL;

	while (m && nth-- > 0)
		m = m->next;
	return m ? m->elf : NULL;
}

struct input *input_open(const char *path, const char *member, int nth)
{
	struct input *in = mem_get(sizeof(*in));
	GElf_Ehdr eh;

	in->path = path;
	in->member = member;
	in->elf = member ? open_member(path, member, nth) : open_elf(path);
	if (!in->elf || elf_kind(in->elf) != ELF_K_ELF ||
	    !gelf_getehdr(in->elf, &eh) || eh.e_type != ET_REL)
		return NULL;
	look(in);
	in->label = label(in);
	return in;
}

/*
 * .gnu.lto_.symtab: name, comdat group, then kind, visibility, 8 bytes of
 * size, 4 of slot.  Kinds: 0 defined, 1 weak, 2 undefined, 3 weak undefined,
 * 4 common.
 */
static void each_lto(struct input *in, struct names *into, int undefined,
		     void (*fn)(struct input *, struct names *, const char *))
{
	Elf_Scn *scn = section_named(in, ".gnu.lto_.symtab");
	Elf_Data *d = scn ? elf_rawdata(scn, NULL) : NULL;
	const char *p = d ? d->d_buf : NULL, *end, *name;
	int kind;

	for (end = p ? p + d->d_size : p; p < end;) {
		name = p;
		p += strnlen(p, (size_t)(end - p)) + 1;
		if (p < end)
			p += strnlen(p, (size_t)(end - p)) + 1;
		if (end - p < 14)
			return;
		kind = *p;
		p += 14;
		if ((kind == 2 || kind == 3) == undefined && kind != 4)
			fn(in, into, name);
	}
}

static void add_call(struct input *in, struct names *calls, const char *name)
{
	struct name *e = names_get(calls, name);

	if (!e->p)
		e->p = in;
}

static void add_lto_def(struct input *in, struct names *defs,
			const char *name)
{
	struct name *e = names_get(defs, name);

	if (!e->v) {
		e->p = in;
		e->v = DEF_SPLIT;
	}
}

void input_calls(struct input *in, struct names *calls)
{
	struct symtab t = symtab_of(in);
	const char *name;
	GElf_Sym s;
	size_t i;

	if (in->lto)
		each_lto(in, calls, 1, add_call);
	for (i = 1; i < t.n; i++) {
		name = symbol(in, &t, i, &s);
		if (name && s.st_shndx == SHN_UNDEF)
			add_call(in, calls, name);
	}
}

static long def_kind(struct input *in, const GElf_Sym *s, const char *name)
{
	if (!is_function(in, s))
		return DEF_DATA;
	if (in->split && !is_unchecked(in, s, name))
		return DEF_SPLIT;
	return DEF_PLAIN;
}

void input_defs(struct input *in, struct names *defs)
{
	struct symtab t = symtab_of(in);
	const char *name;
	GElf_Sym s;
	size_t i;

	if (in->lto)
		each_lto(in, defs, 0, add_lto_def);
	for (i = 1; !in->lto && i < t.n; i++) {
		struct name *e;
		long kind;

		name = symbol(in, &t, i, &s);
		if (!name || s.st_shndx == SHN_UNDEF ||
		    GELF_ST_BIND(s.st_info) == STB_LOCAL)
			continue;
		e = names_get(defs, name);
		kind = def_kind(in, &s, name);
		if (kind > e->v) {
			e->p = in;
			e->v = kind;
		}
	}
}

void input_functions(struct input *in, struct names *funcs)
{
	struct symtab t = symtab_of(in);
	const char *name;
	GElf_Sym s;
	size_t i;

	if (in->lto)
		each_lto(in, funcs, 0, add_call);
	for (i = 1; i < t.n; i++) {
		name = symbol(in, &t, i, &s);
		if (name && GELF_ST_TYPE(s.st_info) == STT_FUNC &&
		    s.st_shndx != SHN_UNDEF)
			add_call(in, funcs, name);
	}
}

/* A clone that gcc made goes by the name in the source. */
static const char *without_suffix(const char *name)
{
	return str_form("%.*s", (int)strcspn(name, "."), name);
}

/* The function of section SHNDX that spans AT. */
static const char *function_at(struct input *in, size_t shndx, GElf_Addr at)
{
	struct symtab t = symtab_of(in);
	const char *name;
	GElf_Sym s;
	size_t i;

	for (i = 1; i < t.n; i++) {
		name = symbol(in, &t, i, &s);
		if (name && GELF_ST_TYPE(s.st_info) == STT_FUNC &&
		    s.st_shndx == shndx && at >= s.st_value &&
		    at - s.st_value < s.st_size)
			return without_suffix(name);
	}
	return NULL;
}

/* What a relocation refers to: a name, or a place in this object. */
struct target {
	const char *name;
	size_t shndx;		/* 0: defined elsewhere */
	GElf_Addr value;
};

static int refers_to(struct input *in, const struct symtab *t,
		     const GElf_Rela *r, const struct target *to)
{
	const char *name;
	GElf_Sym sym;

	name = symbol(in, t, GELF_R_SYM(r->r_info), &sym);
	if (name && GELF_ST_TYPE(sym.st_info) != STT_SECTION)
		return !strcmp(name, to->name);
	return to->shndx && sym.st_shndx == to->shndx &&
	       sym.st_value + (GElf_Addr)r->r_addend + 4 == to->value;
}

/* The place of the first relocation of section SCN that refers to TO. */
static int find_reloc(struct input *in, Elf_Scn *scn, const GElf_Shdr *sh,
		      const struct target *to, GElf_Addr *at)
{
	struct symtab t = symtab_of(in);
	Elf_Data *d = elf_getdata(scn, NULL);
	GElf_Rela r;
	int i;

	if (!d || !sh->sh_entsize)
		return 0;
	for (i = 0; (size_t)i < sh->sh_size / sh->sh_entsize; i++) {
		if (!gelf_getrela(d, i, &r))
			return 0;
		if (refers_to(in, &t, &r, to)) {
			*at = r.r_offset;
			return 1;
		}
	}
	return 0;
}

static const char *caller_of(struct input *in, const struct target *to)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh, code;
	GElf_Addr at;

	while ((scn = elf_nextscn(in->elf, scn))) {
		Elf_Scn *target;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_RELA)
			continue;
		target = elf_getscn(in->elf, sh.sh_info);
		if (!target || !gelf_getshdr(target, &code) ||
		    !(code.sh_flags & SHF_EXECINSTR))
			continue;
		if (find_reloc(in, scn, &sh, to, &at))
			return function_at(in, sh.sh_info, at);
	}
	return NULL;
}

const char *input_caller(struct input *in, const char *name)
{
	struct target to = { .name = name };

	return caller_of(in, &to);
}

/* call, jmp or lea: an operand relative to what follows it. */
static int is_operand(const unsigned char *code, size_t at)
{
	return at >= 1 && (code[at - 1] == 0xe8 || code[at - 1] == 0xe9 ||
			   (at >= 2 && code[at - 2] == 0x8d &&
			    (code[at - 1] & 0xc7) == 0x05));
}

/* A use of offset TARGET in the code itself, where no relocation is needed. */
static int find_operand(const Elf_Data *d, GElf_Addr target, GElf_Addr *at)
{
	const unsigned char *code = d->d_buf;
	size_t i;
	int32_t rel;

	for (i = 1; i + 4 <= d->d_size; i++) {
		if (!is_operand(code, i))
			continue;
		memcpy(&rel, code + i, 4);
		if (i + 4 + (uint64_t)(int64_t)rel == target) {
			*at = i;
			return 1;
		}
	}
	return 0;
}

/* The checked function that uses the unchecked S named CALLEE. */
static const char *inner_caller(struct input *in, const GElf_Sym *s,
				const char *callee)
{
	Elf_Data *d = elf_getdata(elf_getscn(in->elf, s->st_shndx), NULL);
	struct target to = { callee, s->st_shndx, s->st_value };
	const char *caller = caller_of(in, &to);
	GElf_Addr at;

	if (!caller && find_operand(d, s->st_value, &at))
		caller = function_at(in, s->st_shndx, at);
	return caller;
}

int input_inner_call(struct input *in, const char **caller,
		     const char **callee)
{
	struct symtab t = symtab_of(in);
	GElf_Sym s;
	size_t i;

	for (i = 1; in->n_unchecked && i < t.n; i++) {
		*callee = symbol(in, &t, i, &s);
		if (!*callee || !is_unchecked(in, &s, *callee))
			continue;
		*caller = inner_caller(in, &s, *callee);
		if (*caller && strcmp(*caller, *callee))
			return 1;
	}
	return 0;
}
