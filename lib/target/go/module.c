/*
 * Everybody agrees on the head of moduledata since Go 1.16: the address of the
 * pclntab, then that of the names in it.  So it is found before the version's
 * offsets are known, and says where the pclntab is.
 *
 * The table is read from the file, so that pages nobody needs stay out of the
 * target; what the file does not have, as for plugins, from memory.
 */
#include "lib/target/go/module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/target/go/pcs.h"

enum {
	HEAD_WORDS = 24,                /* of moduledata, up to etext */
	MINPC = 20, MAXPC = 21, TEXT = 22,      /* words */
	DATA_BYTES_MAX = 4096,          /* of moduledata */
	CANDIDATES_MAX = 8,             /* pclntabs looked at */
	TABLE_BYTES_MAX = 1 << 30,
	FETCH_BYTES_MAX = 48 << 20,     /* of a pclntab */
};

/* What a struct gosym reads through. */
struct module_source {
	struct space *space;
	const struct elffile *file;     /* NULL: only memory has it */
	uint64_t offset;                /* of the table in the file */
	uint64_t address;               /* in memory */
};

/* Finding the first ------------------------------------------------------- */

static uint64_t file_end(const struct image_part *part)
{
	return part->address + part->file_bytes;
}

/* Whether the words at ADDRESS begin a moduledata of the program. */
static bool is_first(const struct image *im, uint64_t address)
{
	uint64_t words[HEAD_WORDS];
	const struct image_part *table, *code;
	uint8_t head[8];

	if (space_read(im->space, address, words, sizeof(words)) < 0)
		return false;
	table = image_segment(im, words[0]);
	code = image_segment(im, words[TEXT]);
	return table && code && words[1] > words[0] &&
	       words[1] < file_end(table) && code->flags & PF_X &&
	       words[MINPC] < words[MAXPC] &&
	       space_read(im->space, words[0], head, sizeof(head)) == 0 &&
	       gosym_is_table(head, sizeof(head));
}

struct search {
	const struct image *im;
	uint64_t table;         /* [table, end) */
	uint64_t end;
	uint64_t found;         /* 0: not yet */
	unsigned int tables;    /* tried so far */
};

/* A pointer to the table, then one into it. */
static bool see_module(void *ctx, uint64_t address, const uint64_t *words,
		       size_t n)
{
	struct search *s = ctx;

	for (size_t i = 0; i + 1 < n; i++) {
		if (words[i] != s->table || words[i + 1] <= s->table ||
		    words[i + 1] >= s->end || !is_first(s->im, address + i * 8))
			continue;
		s->found = address + i * 8;
		return true;
	}
	return false;
}

static bool find_module(struct search *s)
{
	static const char *const sections[] = {
		".go.module", ".data.rel.ro.go.module", ".noptrdata", ".data",
	};
	const struct image *im = s->im;
	struct image_part part;

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++)
		if (image_section(im, sections[i], &part) &&
		    image_scan(im, &part, see_module, s))
			return true;
	for (size_t i = 0; i < im->count; i++) {
		part = im->segments[i];
		part.bytes = part.file_bytes;
		if (part.flags & PF_W && image_scan(im, &part, see_module, s))
			return true;
	}
	return false;
}

/* What looks like a table and has no moduledata is a constant in somebody's
 * code. */
static bool see_table(void *ctx, uint64_t address, const uint64_t *words,
		      size_t n)
{
	struct search *s = ctx;
	const struct image_part *segment;

	for (size_t i = 0; i < n && s->tables < CANDIDATES_MAX; i++) {
		if (!gosym_is_table(&words[i], 8))
			continue;
		segment = image_segment(s->im, address + i * 8);
		s->table = address + i * 8;
		s->end = segment ? file_end(segment) : 0;
		s->tables++;
		if (find_module(s))
			return true;
	}
	return s->tables >= CANDIDATES_MAX;
}

static void find_by_table(struct search *s)
{
	static const char *const sections[] = {
		".gopclntab", ".data.rel.ro.gopclntab",
	};
	const struct image *im = s->im;
	struct image_part part;

	for (size_t i = 0; i < sizeof(sections) / sizeof(*sections); i++) {
		if (!image_section(im, sections[i], &part))
			continue;
		s->table = part.address;
		s->end = part.address + part.bytes;
		if (find_module(s))
			return;
	}
	for (size_t i = 0; i < im->count && !s->found; i++) {
		part = im->segments[i];
		part.bytes = part.file_bytes;
		if (!(part.flags & PF_X))
			image_scan(im, &part, see_table, s);
	}
}

uint64_t go_module_first(const struct image *im, uint64_t symbol)
{
	struct search s = { .im = im };

	if (symbol && is_first(im, symbol))
		return symbol;
	find_by_table(&s);
	return s.found;
}

/* One module -------------------------------------------------------------- */

static int read_table(void *ctx, uint64_t off, void *out, size_t n)
{
	const struct module_source *s = ctx;

	if (n > UINT32_MAX)
		return -EFAULT;
	if (s->file && elffile_read(s->file, s->offset + off, out, n) == 0)
		return 0;
	return space_read(s->space, s->address + off, out, (uint32_t)n);
}

static int read_data(void *ctx, uint64_t address, void *out, size_t n)
{
	const struct module_source *s = ctx;

	return n > UINT32_MAX ? -EFAULT :
	       space_read(s->space, address, out, (uint32_t)n);
}

/* Whether the file has the table as memory has it: up to 1.17 there are
 * addresses in it, which the loader moves. */
static bool file_is_right(const struct go *go)
{
	return go->minor >= 18 || go->image->file.header.e_type != ET_DYN;
}

/* Where the table at ADDRESS is read from, and how long it may be; 0 when it
 * is nowhere. */
static uint64_t find_source(struct module_source *s, const struct go *go,
			    uint64_t address)
{
	const struct image *im = go->image;
	const struct image_part *segment = image_segment(im, address);
	const struct map *map;
	uint64_t end = address;

	*s = (struct module_source){ .space = im->space, .address = address };
	if (segment && address < file_end(segment)) {
		s->file = file_is_right(go) ? &im->file : NULL;
		s->offset = segment->offset + (address - segment->address);
		return file_end(segment) - address;
	}
	/* A table may begin in pages that became read-only after relocation
	 * and end in one that did not. */
	while ((map = maps_find(&im->space->maps, end)))
		end = map->end;
	return end - address;
}

static uint64_t word_at(const uint8_t *data, int32_t off)
{
	uint64_t v = 0;

	if (off >= 0 && off <= DATA_BYTES_MAX - 8)
		memcpy(&v, data + off, 8);
	return v;
}

/* Fills M from the bytes of its moduledata. */
static int open_module(struct go *go, struct go_module *m,
		       const uint8_t *data, struct err *e)
{
	const int32_t *at = go->offsets.at;
	struct gosym_source src = {
		.table = read_table,
		.data = read_data,
		.text = word_at(data, at[GO_MD_TEXT]),
		.etext = word_at(data, at[GO_MD_ETEXT]),
		.gofunc = word_at(data, at[GO_MD_GOFUNC]),
		.minor = go->minor,
		.fetch_max = FETCH_BYTES_MAX,
	};
	uint64_t bytes;

	m->minpc = word_at(data, at[GO_MD_MINPC]);
	m->maxpc = word_at(data, at[GO_MD_MAXPC]);
	m->source = malloc(sizeof(struct module_source));
	if (!m->source)
		return err_set(e, -ENOMEM, "%s: modules", go->space->name);
	src.ctx = m->source;
	bytes = find_source(m->source, go,
			    word_at(data, at[GO_MD_PCHEADER]));
	src.table_bytes = bytes < TABLE_BYTES_MAX ? bytes : TABLE_BYTES_MAX;
	if (m->minpc >= m->maxpc || !bytes)
		return err_say(e, -EBADMSG, "no moduledata at 0x%llx",
			       (unsigned long long)m->address);
	return gosym_open(&m->sym, &src, e) < 0 ? -EBADMSG : 0;
}

/* The chain --------------------------------------------------------------- */

static int grow(struct go *go)
{
	struct go_module *more;

	if (go->module_count >= GO_MODULES_MAX)
		return -E2BIG;
	more = realloc(go->modules, (go->module_count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	go->modules = more;
	more[go->module_count++] = (struct go_module){ 0 };
	return 0;
}

/* Whether the chain was here already: it leads back. */
static bool is_known(const struct go *go, uint64_t address)
{
	for (size_t i = 0; i < go->module_count; i++)
		if (go->modules[i].address == address)
			return true;
	return false;
}

static int append(struct go *go, uint64_t address, struct err *e)
{
	uint32_t bytes = (uint32_t)go_at(go, GO_MD_SIZE);
	uint8_t data[DATA_BYTES_MAX] = { 0 };
	struct go_module *m;
	int rc;

	if (bytes > sizeof(data))
		return err_say(e, -EBADMSG, "moduledata of %u bytes", bytes);
	rc = grow(go);
	if (rc < 0)
		return err_set(e, rc, "%s: modules", go->space->name);
	m = &go->modules[go->module_count - 1];
	m->address = address;
	rc = space_read(go->space, address, data, bytes);
	rc = rc < 0 ? err_set(e, rc, "%s: moduledata", go->space->name) :
	     open_module(go, m, data, e);
	if (rc < 0) {
		free(m->source);
		go->module_count--;
	}
	return rc == -EFAULT ? -EBADMSG : rc;
}

int go_modules_open(struct go *go, struct err *e)
{
	int rc = append(go, go->roots.firstmoduledata, e);

	if (rc == 0)
		go_modules_more(go);
	return rc;
}

void go_modules_more(struct go *go)
{
	uint64_t next, last;
	bool remapped = false;

	if (go_at(go, GO_MD_NEXT) < 0)
		return;
	for (;;) {
		last = go->modules[go->module_count - 1].address;
		if (space_read(go->space, last + (uint64_t)go_at(go,
			       GO_MD_NEXT), &next, 8) < 0 ||
		    !next || is_known(go, next))
			return;
		if (!remapped)
			space_remap(go->space, NULL);
		remapped = true;
		if (append(go, next, NULL) < 0)
			return;
	}
}

void go_modules_close(struct go *go)
{
	/* What is known of pcs points into the modules. */
	go_pcs_free(go->pcs);
	go->pcs = NULL;
	for (size_t i = 0; i < go->module_count; i++) {
		gosym_close(go->modules[i].sym);
		free(go->modules[i].source);
	}
	free(go->modules);
	go->modules = NULL;
	go->module_count = 0;
}
