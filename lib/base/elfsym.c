/*
 * Symbols of .symtab and .dynsym, merged and sorted.
 *
 * Kept are functions (also indirect ones), and untyped symbols in code, which
 * is how assembly names its own.  At one address the best name stays: typed
 * before untyped, with a size before without, global before weak before local.
 * A symbol without a size reaches to the next one or its section's end.
 *
 * Names lie in copies of the string tables.  A version ("@@V1", "@V1") is cut
 * off in place: the linker shares tails between names, but a name that
 * contains this '@' has the same version and is cut as well.
 */
#include "lib/base/elfsym.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/elfview.h"

/* Functions inside functions are rare; this bounds the search for the outer
 * one in a file made to be slow. */
#define OUTER_STEPS_MAX 64

#define LOADS_MAX 64            /* loaded segments looked at */

struct sym {
	uint64_t start;
	uint64_t size;
	const char *name;
	uint8_t rank;           /* the best is the highest */
	uint8_t sized;          /* the size was said, not guessed */
};

struct load {
	uint64_t offset;
	uint64_t bytes;
	uint64_t vaddr;
};

struct elfsym {
	struct sym *syms;       /* by start, one at each */
	size_t n;
	char *names[2];         /* string tables of .symtab, .dynsym */
	struct load loads[LOADS_MAX];
	size_t nloads;
};

/* One symbol table on its way in. */
struct table {
	const struct elfview *v;
	Elf64_Sym *syms;
	size_t n;
	char *names;
	uint64_t names_bytes;
};

static bool is_function(const struct table *t, const Elf64_Sym *sym,
			const char *name, Elf64_Shdr *sh)
{
	int type = ELF64_ST_TYPE(sym->st_info);

	*sh = (Elf64_Shdr){ 0 };
	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS ||
	    !name[0])
		return false;
	if (sym->st_shndx < SHN_LORESERVE)
		elfview_shdr(t->v, sym->st_shndx, sh);
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return true;
	return type == STT_NOTYPE && (sh->sh_flags & SHF_EXECINSTR) &&
	       name[0] != '.' && name[0] != '$';
}

static uint8_t rank_of(const Elf64_Sym *sym)
{
	int bind = ELF64_ST_BIND(sym->st_info);

	return (uint8_t)((ELF64_ST_TYPE(sym->st_info) != STT_NOTYPE) << 3 |
			 (sym->st_size > 0) << 2 |
			 (bind == STB_GLOBAL || bind == STB_GNU_UNIQUE ? 2 :
			  bind == STB_WEAK));
}

/* What is left of the section behind the symbol, 0 when unknown. */
static uint64_t section_rest(const Elf64_Sym *sym, const Elf64_Shdr *sh)
{
	if (sym->st_value < sh->sh_addr ||
	    sym->st_value - sh->sh_addr >= sh->sh_size)
		return 0;
	return sh->sh_size - (sym->st_value - sh->sh_addr);
}

static void add(struct elfsym *s, const struct table *t, const Elf64_Sym *sym)
{
	Elf64_Shdr sh;
	char *name, *at;

	if (sym->st_name >= t->names_bytes)
		return;
	name = t->names + sym->st_name;
	at = strchr(name, '@');
	if (at)
		*at = '\0';
	if (!is_function(t, sym, name, &sh))
		return;
	s->syms[s->n++] = (struct sym){
		.start = sym->st_value,
		.size = sym->st_size ? sym->st_size : section_rest(sym, &sh),
		.name = name,
		.rank = rank_of(sym),
		.sized = sym->st_size > 0,
	};
}

/* Loads the symbol table SH and its names. */
static int load_table(struct table *t, const Elf64_Shdr *sh)
{
	uint64_t cap = (uint64_t)ELFSYM_COUNT_MAX * sizeof(Elf64_Sym);
	uint8_t *syms, *names;
	Elf64_Shdr str;
	int rc;

	if (sh->sh_entsize != sizeof(Elf64_Sym))
		return -ENOEXEC;
	rc = elfview_shdr(t->v, sh->sh_link, &str);
	if (rc < 0)
		return rc;
	rc = elfview_load(t->v, sh->sh_offset, sh->sh_size, cap, &syms);
	if (rc < 0)
		return rc;
	rc = elfview_load(t->v, str.sh_offset, str.sh_size,
			  ELFSYM_NAMES_BYTES_MAX, &names);
	if (rc < 0) {
		free(syms);
		return rc;
	}
	t->syms = (Elf64_Sym *)syms;
	t->n = sh->sh_size / sizeof(Elf64_Sym);
	t->names = (char *)names;
	t->names_bytes = str.sh_size;
	return 0;
}

static int add_table(struct elfsym *s, const struct elfview *v,
		     const Elf64_Shdr *sh, char **names)
{
	struct table t = { .v = v };
	struct sym *syms;
	size_t i;
	int rc;

	rc = load_table(&t, sh);
	if (rc < 0)
		return rc;
	*names = t.names;
	syms = realloc(s->syms, (s->n + t.n + 1) * sizeof(*syms));
	if (!syms) {
		free(t.syms);
		return -ENOMEM;
	}
	s->syms = syms;
	for (i = 0; i < t.n; i++)
		add(s, &t, &t.syms[i]);
	free(t.syms);
	return 0;
}

/* The first table of each kind; damaged ones are as if they were not there. */
static int add_tables(struct elfsym *s, const struct elfview *v)
{
	static const uint32_t types[2] = { SHT_SYMTAB, SHT_DYNSYM };
	Elf64_Shdr sh;
	uint32_t i;
	int k;

	for (i = 0; elfview_shdr(v, i, &sh) == 0; i++)
		for (k = 0; k < 2; k++)
			if (sh.sh_type == types[k] && !s->names[k] &&
			    add_table(s, v, &sh, &s->names[k]) == -ENOMEM)
				return -ENOMEM;
	return 0;
}

static void add_loads(struct elfsym *s, const struct elfview *v)
{
	Elf64_Phdr ph;
	uint32_t i;

	for (i = 0; s->nloads < LOADS_MAX && !elfview_phdr(v, i, &ph); i++)
		if (ph.p_type == PT_LOAD)
			s->loads[s->nloads++] = (struct load){
				ph.p_offset, ph.p_filesz, ph.p_vaddr
			};
}

static int by_start_then_rank(const void *pa, const void *pb)
{
	const struct sym *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* One symbol an address; guessed sizes end where the next one starts. */
static void settle(struct elfsym *s)
{
	size_t i, n = 0;
	uint64_t gap;

	if (!s->n)
		return;
	qsort(s->syms, s->n, sizeof(*s->syms), by_start_then_rank);
	for (i = 0; i < s->n; i++)
		if (!n || s->syms[i].start != s->syms[n - 1].start)
			s->syms[n++] = s->syms[i];
	s->n = n;
	for (i = 0; i + 1 < n; i++) {
		gap = s->syms[i + 1].start - s->syms[i].start;
		if (!s->syms[i].sized && s->syms[i].size > gap)
			s->syms[i].size = gap;
	}
}

static int read_all(struct elfsym **out, const struct elfview *v)
{
	struct elfsym *s = calloc(1, sizeof(*s));
	struct sym *fit;
	int rc;

	if (!s)
		return -ENOMEM;
	rc = add_tables(s, v);
	if (rc < 0) {
		elfsym_free(s);
		return rc;
	}
	add_loads(s, v);
	settle(s);
	fit = s->n ? realloc(s->syms, s->n * sizeof(*s->syms)) : NULL;
	if (fit)
		s->syms = fit;
	*out = s;
	return 0;
}

int elfsym_open(struct elfsym **out, const char *path, struct err *e)
{
	struct elfview v;
	int fd, rc;

	*out = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_set(e, -errno, "%s", path);
	rc = elfview_file(&v, fd);
	if (rc == 0)
		rc = read_all(out, &v);
	close(fd);
	if (rc == -ENOEXEC)
		return err_say(e, rc, "%s: not a 64-bit ELF file", path);
	return rc < 0 ? err_set(e, rc, "%s", path) : 0;
}

int elfsym_open_image(struct elfsym **out, const void *image, uint64_t size,
		      struct err *e)
{
	struct elfview v;
	int rc;

	*out = NULL;
	rc = elfview_image(&v, image, size);
	if (rc == 0)
		rc = read_all(out, &v);
	return rc < 0 ? err_set(e, rc, "ELF image at %p", image) : 0;
}

void elfsym_free(struct elfsym *s)
{
	if (!s)
		return;
	free(s->syms);
	free(s->names[0]);
	free(s->names[1]);
	free(s);
}

size_t elfsym_count(const struct elfsym *s)
{
	return s->n;
}

int elfsym_vaddr(const struct elfsym *s, uint64_t off, uint64_t *vaddr)
{
	const struct load *l;
	size_t i;

	for (i = 0; i < s->nloads; i++) {
		l = &s->loads[i];
		if (off >= l->offset && off - l->offset < l->bytes) {
			*vaddr = l->vaddr + (off - l->offset);
			return 0;
		}
	}
	return -ENOENT;
}

/* How many symbols start at or below VADDR. */
static size_t count_below(const struct elfsym *s, uint64_t vaddr)
{
	size_t low = 0, high = s->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s->syms[mid].start <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool elfsym_find(const struct elfsym *s, uint64_t vaddr,
		 struct elfsym_hit *out)
{
	size_t i = count_below(s, vaddr), steps = 0;
	const struct sym *sym;

	while (i-- > 0 && steps++ < OUTER_STEPS_MAX) {
		sym = &s->syms[i];
		if (vaddr - sym->start < sym->size) {
			*out = (struct elfsym_hit){ sym->name, sym->start,
						    sym->size };
			return true;
		}
	}
	return false;
}
