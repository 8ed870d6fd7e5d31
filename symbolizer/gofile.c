/*
 * Where the table is, and what else must be known.
 *
 * A section has the table (.gopclntab, .data.rel.ro.gopclntab in position
 * independent files).  Files with sections but none of these are no Go programs
 * and cost nothing more.  Without a table of sections it is searched for, by
 * its first eight bytes, at every word (1.26 aligns it no better).
 *
 * Since 1.18 the table counts from the start of the text and of the inline
 * trees, which moduledata, a variable of the runtime, tells.  It begins with
 * the addresses of the table and of the names in it: there is no second such
 * pair of words.  1.26 gave it a section; before, the data are searched.
 *
 * Its first words never moved.  The address of inline trees did in 1.20 and
 * 1.27, and no magic number says so: each word where it may be is tried on the
 * trees of the first functions, which fit at one place only.
 */
#include "symbolizer/gofile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symbolizer/goimage.h"
#include "symbolizer/goinline.h"

#define CHUNK_BYTES ((size_t)1 << 16)

enum {
	MODULE_TEXT = 176, MODULE_ETEXT = 184,
	/* Inline trees: in 1.18 at the first, in 1.20 at 320. */
	MODULE_TREES_FIRST = 304, MODULE_TREES_27 = 344,
	MODULE_TREES_LAST = 400,
	MODULE_BYTES = MODULE_TREES_LAST + 8,
};

struct gofile {
	struct goimage image;
	uint64_t table;         /* address */
	struct gosym *sym;
};

static int read_table(void *ctx, uint64_t off, void *out, size_t n)
{
	struct gofile *f = ctx;

	return goimage_read(&f->image, f->table + off, out, n);
}

static int read_data(void *ctx, uint64_t address, void *out, size_t n)
{
	struct gofile *f = ctx;

	return goimage_read(&f->image, address, out, n);
}

/* Calls SEE with each word of segment PH and the one behind it until it returns
 * true. */
static bool scan(struct gofile *f, const Elf64_Phdr *ph,
		 bool (*see)(void *ctx, uint64_t address, const uint8_t *p),
		 void *ctx)
{
	uint8_t *chunk = malloc(CHUNK_BYTES + 16);
	bool found = false;

	for (uint64_t at = 0; chunk && !found && at + 16 <= ph->p_filesz;
	     at += CHUNK_BYTES) {
		uint64_t left = ph->p_filesz - at;
		size_t n = left < CHUNK_BYTES + 16 ? left : CHUNK_BYTES + 16;

		if (goimage_read(&f->image, ph->p_vaddr + at, chunk, n))
			break;
		for (size_t i = 0; !found && i + 16 <= n; i += 8)
			found = see(ctx, ph->p_vaddr + at + i, chunk + i);
	}
	free(chunk);
	return found;
}

struct table_search {
	struct gofile *file;
	struct gosym_source *src;
};

/* Whether the table at ADDRESS opens; where its text is does not matter. */
static bool opens(struct gofile *f, struct gosym_source *src,
		  uint64_t address)
{
	struct gosym_source copy = *src;
	struct gotab tab;
	bool ok;

	f->table = address;
	copy.text = 1;
	ok = !gotab_open(&tab, &copy, NULL);
	gotab_close(&tab);
	return ok;
}

static bool see_table(void *ctx, uint64_t address, const uint8_t *p)
{
	struct table_search *s = ctx;

	if (!gosym_is_table(p, 8))
		return false;
	s->src->table_bytes = goimage_bytes_at(&s->file->image, address);
	return opens(s->file, s->src, address);
}

static bool find_table(struct gofile *f, struct gosym_source *src)
{
	static const char *const names[] = {
		".gopclntab", ".data.rel.ro.gopclntab"
	};
	struct table_search s = { f, src };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (goimage_section(&f->image, names[i], &f->table,
				    &src->table_bytes))
			return true;
	for (size_t i = 0; !f->image.file.sections &&
	     i < f->image.segment_count; i++)
		if (scan(f, &f->image.segments[i], see_table, &s))
			return true;
	return false;
}

struct module_search {
	uint64_t words[2];      /* of its beginning */
	uint64_t address;
};

static bool see_module(void *ctx, uint64_t address, const uint8_t *p)
{
	struct module_search *s = ctx;

	if (memcmp(p, s->words, sizeof(s->words)))
		return false;
	s->address = address;
	return true;
}

/* Its address, or 0. */
static uint64_t find_module(struct gofile *f, const struct gotab *t)
{
	struct module_search s = { .words = { f->table, f->table + t->names } };
	uint64_t words[2], at, bytes;

	if (goimage_section(&f->image, ".go.module", &at, &bytes) &&
	    !goimage_read(&f->image, at, words, sizeof(words)) &&
	    !memcmp(words, s.words, sizeof(words)))
		return at;
	for (size_t i = 0; i < f->image.segment_count; i++) {
		const Elf64_Phdr *ph = &f->image.segments[i];

		if (ph->p_flags & PF_W && scan(f, ph, see_module, &s))
			break;
	}
	return s.address;
}

static uint64_t word_at(const uint8_t *module, size_t off)
{
	uint64_t v;

	memcpy(&v, module + off, sizeof(v));
	return v;
}

/* Fills SRC by what moduledata says; T is open without that. */
static void ask_module(struct gofile *f, struct gotab *t,
		       struct gosym_source *src)
{
	uint64_t address = find_module(f, t);
	uint8_t module[MODULE_BYTES];

	if (!address || goimage_read(&f->image, address, module,
				     sizeof(module)))
		return;
	src->text = word_at(module, MODULE_TEXT);
	src->etext = word_at(module, MODULE_ETEXT);
	t->text = src->text;
	for (size_t i = MODULE_TREES_FIRST; i <= MODULE_TREES_LAST; i += 8) {
		t->src.gofunc = word_at(module, i);
		if (t->src.gofunc && goinline_fits(t)) {
			src->gofunc = t->src.gofunc;
			src->minor = i < MODULE_TREES_27 ? 26 : 27;
			return;
		}
	}
}

/* Completes SRC, whose table was found. */
static int find_rest(struct gofile *f, struct gosym_source *src,
		     struct err *e)
{
	struct gosym_source without = *src;
	struct gotab tab;
	int rc;

	without.text = 1;
	rc = gotab_open(&tab, &without, e);
	/* Before 1.18 the table says it all. */
	if (!rc && tab.version->text)
		ask_module(f, &tab, src);
	gotab_close(&tab);
	return rc;
}

static int load(struct gofile *f, const char *path, struct err *e)
{
	struct gosym_source src = {
		.table = read_table, .data = read_data, .ctx = f
	};
	int rc = goimage_open(&f->image, path, e);

	if (rc)
		return rc;
	if (!find_table(f, &src))
		return err_say(e, -ENOENT, "%s: has no pclntab", path);
	rc = goimage_relocate(&f->image);
	if (rc)
		return err_set(e, rc, "%s: relocations", path);
	rc = find_rest(f, &src, e);
	if (!rc)
		rc = gosym_open(&f->sym, &src, e);
	if (rc)
		err_of(e, "%s", path);
	return rc;
}

int gofile_open(struct gofile **out, const char *path, struct err *e)
{
	struct gofile *f = calloc(1, sizeof(*f));
	int rc;

	if (!f)
		return err_set(e, -ENOMEM, "%s", path);
	f->image.file.fd = -1;
	rc = load(f, path, e);
	if (rc) {
		gofile_close(f);
		return rc;
	}
	*out = f;
	return 0;
}

void gofile_close(struct gofile *f)
{
	if (!f)
		return;
	gosym_close(f->sym);
	goimage_close(&f->image);
	free(f);
}

struct gosym *gofile_sym(struct gofile *f)
{
	return f->sym;
}
