/*
 * One table of functions sorted by address, and one block with all names.
 *
 * Both are copies: the file may change or shrink while a crash report reads
 * them.  At one address the best name wins, so addresses are unique.  A
 * function may lie inside another (hand-written assembly, .cold parts): each
 * entry knows the one before it that reaches beyond its start, and a search
 * that misses climbs from there.
 *
 * Merge sort, for the symbols of a linker are long ordered runs already, and
 * because qsort(3) may call malloc.
 */
#include "lib/base/elfsym.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/base/elffile.h"
#include "lib/base/err.h"

#define SYMBOLS_MAX (8u << 20)          /* of both tables together */
#define NAMES_MAX ((uint64_t)1 << 30)   /* bytes of each */
#define NAME_MAX_BYTES 16383            /* longer ones are left out */
#define CLIMB_MAX 64                    /* nesting that is searched */
#define PAGE_BYTES 4096
#define NONE UINT32_MAX

struct func {
	uint64_t start;
	uint64_t end;           /* above START; fill_sizes() makes it final */
	uint32_t name;          /* in names[] */
	uint32_t outer;         /* index, NONE: no earlier one reaches START */
	uint16_t name_len;
	uint8_t rank;           /* 0 global, 1 weak, 2 local */
	bool sized;             /* the file told the size */
};

struct elfsym {
	struct func *funcs;
	size_t count;
	size_t room;            /* allocated */
	char *names;
	size_t names_len, names_room;
	Elf64_Phdr *loads;      /* the PT_LOADs */
	uint32_t load_count, load_room;
};

/* All section headers, while symbols are read. */
struct sections {
	Elf64_Shdr *header;
	size_t bytes;
	uint32_t count;
};

struct table {
	const Elf64_Shdr *symbols, *strings;
	uint64_t count;         /* 0: the file has none */
};

/* Memory ------------------------------------------------------------------ */

/* Zeroed; never NULL for 0 bytes. */
static void *pages_new(size_t n)
{
	void *p = mmap(NULL, n ? n : 1, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void pages_free(void *p, size_t n)
{
	if (p)
		munmap(p, n ? n : 1);
}

void elfsym_close(struct elfsym *s)
{
	if (!s)
		return;
	pages_free(s->funcs, s->room * sizeof(*s->funcs));
	pages_free(s->names, s->names_room);
	pages_free(s->loads, s->load_room * sizeof(*s->loads));
	pages_free(s, sizeof(*s));
}

/* Reading ----------------------------------------------------------------- */

static int load_segments(struct elfsym *s, const struct elffile *f)
{
	Elf64_Phdr ph;

	s->load_room = f->segments;
	s->loads = pages_new(s->load_room * sizeof(*s->loads));
	if (!s->loads)
		return -ENOMEM;
	for (uint32_t i = 0; i < f->segments; i++) {
		int rc = elffile_segment(f, i, &ph);

		if (rc < 0)
			return rc;
		if (ph.p_type == PT_LOAD)
			s->loads[s->load_count++] = ph;
	}
	return 0;
}

static int load_sections(struct sections *t, const struct elffile *f)
{
	t->bytes = f->sections * sizeof(*t->header);
	t->header = pages_new(t->bytes);
	if (!t->header)
		return -ENOMEM;
	t->count = f->sections;
	return elffile_read(f, f->header.e_shoff, t->header, t->bytes);
}

static int check_table(const struct table *t, uint64_t file_size)
{
	if (t->strings->sh_type != SHT_STRTAB ||
	    t->symbols->sh_entsize != sizeof(Elf64_Sym) ||
	    t->symbols->sh_size > file_size ||
	    t->strings->sh_size > file_size)
		return -EINVAL;
	if (t->count > SYMBOLS_MAX || t->strings->sh_size > NAMES_MAX)
		return -EFBIG;
	return 0;
}

/* The first table of TYPE; a file has at most one. */
static int find_table(struct table *t, const struct sections *sections,
		      uint32_t type, uint64_t file_size)
{
	for (uint32_t i = 0; i < sections->count; i++) {
		const Elf64_Shdr *sh = &sections->header[i];

		if (sh->sh_type != type)
			continue;
		if (sh->sh_link >= sections->count)
			return -EINVAL;
		t->symbols = sh;
		t->strings = &sections->header[sh->sh_link];
		t->count = sh->sh_size / sizeof(Elf64_Sym);
		return check_table(t, file_size);
	}
	return 0;
}

static bool is_function(const Elf64_Sym *sym)
{
	int type = ELF64_ST_TYPE(sym->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) &&
	       sym->st_shndx != SHN_UNDEF;
}

static uint8_t rank_of(const Elf64_Sym *sym)
{
	switch (ELF64_ST_BIND(sym->st_info)) {
	case STB_LOCAL:
		return 2;
	case STB_WEAK:
		return 1;
	default:
		return 0;
	}
}

/* Where the symbol's section ends: how far it may reach without a size. */
static uint64_t limit_of(const struct sections *sections, const Elf64_Sym *sym)
{
	const Elf64_Shdr *sh;

	if (sym->st_shndx >= sections->count)
		return 0;
	sh = &sections->header[sym->st_shndx];
	if (sym->st_value < sh->sh_addr ||
	    sym->st_value - sh->sh_addr >= sh->sh_size)
		return 0;
	return sh->sh_addr + sh->sh_size;
}

/* Takes the symbol if it has a name; NAMES is where those of its table begin
 * in s->names, NAMES_LEN how many bytes they are. */
static void add_symbol(struct elfsym *s, const Elf64_Sym *sym, size_t names,
		       uint64_t names_len, uint64_t limit)
{
	struct func *fn = &s->funcs[s->count];
	size_t len, left;

	if (sym->st_name >= names_len || sym->st_value == UINT64_MAX)
		return;
	left = names_len - sym->st_name;
	left = left < NAME_MAX_BYTES + 1 ? left : NAME_MAX_BYTES + 1;
	len = strnlen(s->names + names + sym->st_name, left);
	if (len == 0 || len > NAME_MAX_BYTES)
		return;
	*fn = (struct func){
		.start = sym->st_value,
		.end = sym->st_size ? sym->st_value + sym->st_size : limit,
		.name = (uint32_t)(names + sym->st_name),
		.name_len = (uint16_t)len,
		.rank = rank_of(sym),
		.sized = sym->st_size != 0,
	};
	/* One that wraps around is no more than a name at an address. */
	if (fn->end <= fn->start)
		fn->end = fn->start + 1;
	s->count++;
}

/* Appends T's names and functions; there is room for both. */
static int load_table(struct elfsym *s, const struct table *t,
		      const struct sections *sections, const struct elffile *f)
{
	uint64_t names_len = t->strings->sh_size;
	size_t names = s->names_len, bytes = t->symbols->sh_size;
	Elf64_Sym *syms;
	int rc;

	rc = elffile_read(f, t->strings->sh_offset, s->names + names,
			  names_len);
	if (rc < 0)
		return rc;
	/* The zero behind them is there already. */
	s->names_len += names_len + 1;
	syms = pages_new(bytes);
	if (!syms)
		return -ENOMEM;
	rc = elffile_read(f, t->symbols->sh_offset, syms, bytes);
	for (uint64_t i = 0; rc == 0 && i < t->count; i++)
		if (is_function(&syms[i]))
			add_symbol(s, &syms[i], names, names_len,
				   limit_of(sections, &syms[i]));
	pages_free(syms, bytes);
	return rc;
}

static int load_tables(struct elfsym *s, const struct sections *sections,
		       const struct elffile *f)
{
	static const uint32_t types[2] = { SHT_SYMTAB, SHT_DYNSYM };
	struct table tables[2] = { { 0 } };
	int rc = 0;

	for (int i = 0; i < 2; i++) {
		rc = find_table(&tables[i], sections, types[i], f->size);
		if (rc < 0)
			return rc;
		s->room += tables[i].count;
		if (tables[i].count)
			s->names_room += tables[i].strings->sh_size + 1;
	}
	s->funcs = pages_new(s->room * sizeof(*s->funcs));
	s->names = pages_new(s->names_room);
	if (!s->funcs || !s->names)
		return -ENOMEM;
	for (int i = 0; rc == 0 && i < 2; i++)
		if (tables[i].count)
			rc = load_table(s, &tables[i], sections, f);
	return rc;
}

/* Order ------------------------------------------------------------------- */

/* By address, the best name first. */
static bool is_before(const struct elfsym *s, const struct func *a,
		      const struct func *b)
{
	if (a->start != b->start)
		return a->start < b->start;
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->name_len != b->name_len)
		return a->name_len < b->name_len;
	return memcmp(s->names + a->name, s->names + b->name,
		      a->name_len) < 0;
}

/* Merges the runs [LOW, MID) and [MID, HIGH) of FROM into TO. */
static void merge(const struct elfsym *s, const struct func *from,
		  struct func *to, size_t low, size_t mid, size_t high)
{
	size_t a = low, b = mid;

	for (size_t i = low; i < high; i++)
		if (a < mid &&
		    (b >= high || !is_before(s, &from[b], &from[a])))
			to[i] = from[a++];
		else
			to[i] = from[b++];
}

static int sort(struct elfsym *s)
{
	struct func *from = s->funcs;
	struct func *to = pages_new(s->room * sizeof(*to));

	if (!to)
		return -ENOMEM;
	for (size_t run = 1; run < s->count; run *= 2) {
		struct func *swap = from;

		for (size_t low = 0; low < s->count; low += 2 * run) {
			size_t left = s->count - low;
			size_t mid = low + (run < left ? run : left);
			size_t high = low + (2 * run < left ? 2 * run : left);

			merge(s, from, to, low, mid, high);
		}
		from = to;
		to = swap;
	}
	s->funcs = from;
	pages_free(to, s->room * sizeof(*to));
	return 0;
}

/* One function per address; it takes over a size that only another has. */
static void drop_duplicates(struct elfsym *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct func *fn = &s->funcs[i];
		struct func *last = kept ? &s->funcs[kept - 1] : NULL;

		if (!last || last->start != fn->start) {
			s->funcs[kept++] = *fn;
		} else if (!last->sized && fn->sized) {
			last->end = fn->end;
			last->sized = true;
		}
	}
	s->count = kept;
}

/* Ends those without a size at the next one, and links each to the nearest
 * earlier one that reaches beyond its start.  What the walk passes over ends
 * before all later starts too, so all walks together are one pass. */
static void link_functions(struct elfsym *s)
{
	for (size_t i = 0; i < s->count; i++) {
		struct func *fn = &s->funcs[i];
		uint32_t outer = i ? (uint32_t)i - 1 : NONE;

		if (!fn->sized && i + 1 < s->count && fn[1].start < fn->end)
			fn->end = fn[1].start;
		while (outer != NONE && s->funcs[outer].end <= fn->start)
			outer = s->funcs[outer].outer;
		fn->outer = outer;
	}
}

/* Opening ----------------------------------------------------------------- */

static int load(struct elfsym *s, const struct elffile *f)
{
	struct sections sections = { 0 };
	int rc;

	rc = load_segments(s, f);
	if (rc == 0)
		rc = load_sections(&sections, f);
	if (rc == 0)
		rc = load_tables(s, &sections, f);
	pages_free(sections.header, sections.bytes);
	if (rc == 0)
		rc = sort(s);
	if (rc < 0)
		return rc;
	drop_duplicates(s);
	link_functions(s);
	return 0;
}

static int open_file(struct elfsym **out, const struct elffile *f,
		     struct err *e)
{
	struct elfsym *s = pages_new(sizeof(*s));
	int rc = s ? load(s, f) : -ENOMEM;

	if (rc == 0) {
		*out = s;
		return 0;
	}
	elfsym_close(s);
	if (rc == -EINVAL)
		return err_say(e, rc, "%s: damaged symbol table or headers",
				f->name);
	return err_set(e, rc, "%s: symbols", f->name);
}

int elfsym_open(struct elfsym **out, const char *path, struct err *e)
{
	struct elffile f;
	int rc = elffile_open(&f, path, e);

	if (rc < 0)
		return rc;
	rc = open_file(out, &f, e);
	elffile_close(&f);
	return rc;
}

int elfsym_open_image(struct elfsym **out, const void *image, size_t size,
		      struct err *e)
{
	struct elffile f;
	int rc = elffile_open_image(&f, image, size, e);

	return rc < 0 ? rc : open_file(out, &f, e);
}

/* Asking ------------------------------------------------------------------ */

/* The last one that begins at or before ADDR, or NONE. */
static uint32_t last_before(const struct elfsym *s, uint64_t addr)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->funcs[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? (uint32_t)low - 1 : NONE;
}

bool elfsym_find(const struct elfsym *s, uint64_t addr,
		 struct elfsym_func *out)
{
	uint32_t i = last_before(s, addr);
	int climbed = 0;

	for (; i != NONE && climbed <= CLIMB_MAX; climbed++) {
		const struct func *fn = &s->funcs[i];

		if (addr < fn->end) {
			out->name = s->names + fn->name;
			out->start = fn->start;
			out->size = fn->end - fn->start;
			return true;
		}
		i = fn->outer;
	}
	return false;
}

size_t elfsym_count(const struct elfsym *s)
{
	return s->count;
}

uint64_t elfsym_addr_of_offset(const struct elfsym *s, uint64_t off)
{
	for (uint32_t i = 0; i < s->load_count; i++) {
		const Elf64_Phdr *ph = &s->loads[i];

		if (off >= ph->p_offset && off - ph->p_offset < ph->p_filesz)
			return ph->p_vaddr + (off - ph->p_offset);
	}
	return UINT64_MAX;
}

bool elfsym_bias(const struct elfsym *s, uint64_t start, uint64_t offset,
		 bool code, uint64_t *bias)
{
	for (uint32_t i = 0; i < s->load_count; i++) {
		const Elf64_Phdr *ph = &s->loads[i];
		/* The loader maps whole pages. */
		uint64_t head = ph->p_offset % PAGE_BYTES;
		uint64_t first = ph->p_offset - head;

		if (code != ((ph->p_flags & PF_X) != 0) || offset < first ||
		    offset - first >= head + ph->p_filesz)
			continue;
		*bias = start - (ph->p_vaddr - head + (offset - first));
		return true;
	}
	return false;
}
