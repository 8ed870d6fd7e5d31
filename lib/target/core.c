/*
 * A core file as a space.
 *
 * What was never written to is not in it: code and constants come from the
 * files that were mapped.  A file is used when it is the one that was: its
 * build id is that of the image in the core (the kernel dumps the first page
 * of each for this), or, where there is no build id, that whole page is the
 * same.  Section headers may differ: strip(1) moves them.
 */
#include "lib/target/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/buildid.h"
#include "lib/base/elffile.h"
#include "lib/target/corefile.h"

enum {
	FILES_MAX = 256,        /* open at a time: libraries beyond have no
				 * names */
	PAGE = 4096,
	MAPS_MAX = 1 << 20,
};

/* A file that was mapped. */
struct backing {
	const char *path;       /* as the core names it */
	struct elffile elf;     /* its fd is -1: not to be had */
	char open[32];          /* the path it can be opened by again */
};

struct core {
	struct space space;
	struct corefile file;
	struct backing files[FILES_MAX];
	size_t file_count;
	struct backing *last;   /* the one asked for before */
	struct backing *program;
};

static struct core *core_of(struct space *s)
{
	return (struct core *)s;
}

/* Files -------------------------------------------------------------------- */

/* The first bytes of file PATH as they were in memory; how many are known. */
static size_t read_head(const struct core *c, const char *path, uint8_t *out)
{
	const struct corefile *f = &c->file;

	for (size_t i = 0; i < f->mapping_count; i++)
		if (!f->mappings[i].offset &&
		    !strcmp(f->mappings[i].path, path))
			return corefile_read(f, f->mappings[i].start, out,
					     PAGE);
	return 0;
}

static bool same_heads(uint8_t *a, uint8_t *b, size_t n)
{
	Elf64_Ehdr *x = (Elf64_Ehdr *)a, *y = (Elf64_Ehdr *)b;

	x->e_shoff = y->e_shoff;
	x->e_shnum = y->e_shnum;
	x->e_shstrndx = y->e_shstrndx;
	return !memcmp(a, b, n);
}

/* Whether F is what was mapped as PATH: 0; -ESTALE when it is not; -ENODATA
 * when the core does not tell. */
static int check_same(const struct core *c, const char *path,
		      const struct elffile *f, struct err *e)
{
	uint8_t head[PAGE], ours[PAGE];
	char a[2 * BUILDID_MAX + 1], b[2 * BUILDID_MAX + 1];
	struct buildid was, is;
	size_t n = read_head(c, path, head);

	if (n < sizeof(Elf64_Ehdr))
		return err_say(e, -ENODATA, "%s: %s cannot be held against it",
			       c->space.name, f->name);
	buildid_of_image(&was, head, n);
	buildid_of_elf(&is, f);
	if (was.n && was.n == is.n && !memcmp(was.bytes, is.bytes, was.n))
		return 0;
	if (was.n)
		return err_say(e, -ESTALE, "%s: %.80s is another build (%s; "
			       "the core's is %s)", c->space.name, f->name,
			       is.n ? buildid_hex(&is, a) : "no build id",
			       buildid_hex(&was, b));
	if (elffile_read(f, 0, ours, n) == 0 && same_heads(ours, head, n))
		return 0;
	return err_say(e, -ESTALE, "%s: %.120s is another build",
		       c->space.name, f->name);
}

/* Adds the file FROM, which was mapped as PATH; NULL when there is no room.
 * RC is why it is not to be had. */
static struct backing *add_file(struct core *c, const char *path,
				const char *from, int *rc, struct err *e)
{
	struct backing *b = &c->files[c->file_count];

	*rc = -EMFILE;
	if (c->file_count == FILES_MAX)
		return NULL;
	c->file_count++;
	b->path = path;
	*rc = elffile_open(&b->elf, from, e);
	if (*rc < 0)
		return b;
	*rc = check_same(c, path, &b->elf, e);
	/* Not "self": children of this process may open it too. */
	snprintf(b->open, sizeof(b->open), "/proc/%d/fd/%d", (int)getpid(),
		 b->elf.fd);
	b->elf.name = b->open;
	return b;
}

/* The file mapped as PATH, when it is the one that was. */
static struct backing *file_of(struct core *c, const char *path)
{
	struct backing *b = c->last;
	int rc = 0;

	if (b && !strcmp(b->path, path))
		return b->elf.fd < 0 ? NULL : b;
	for (size_t i = 0; i < c->file_count; i++)
		if (!strcmp(c->files[i].path, path))
			b = &c->files[i];
	if (!b || strcmp(b->path, path)) {
		b = add_file(c, path, path, &rc, NULL);
		if (b && rc < 0)
			elffile_close(&b->elf);
	}
	if (b)
		c->last = b;
	return b && b->elf.fd >= 0 ? b : NULL;
}

const char *core_path(struct space *s, const struct map *m)
{
	struct core *c = core_of(s);
	struct backing *b = m->inode ? file_of(c, m->path) : NULL;

	return b ? b->open : NULL;
}

/* Reading ------------------------------------------------------------------ */

/* What is mapped of a file and was not dumped. */
static size_t read_file(struct core *c, uint64_t at, void *to, size_t n)
{
	const struct corefile_segment *s = corefile_segment(&c->file, at);
	const struct corefile_mapping *m = corefile_mapping(&c->file, at);
	struct backing *b;
	uint64_t off, room;

	/* It was dumped, and then cut off. */
	if (!m || (s && at - s->address < s->dumped))
		return 0;
	b = file_of(c, m->path);
	off = m->offset + (at - m->start);
	if (!b || off >= b->elf.size)
		return 0;
	room = s ? s->address + s->bytes - at : PAGE - at % PAGE;
	room = room < m->end - at ? room : m->end - at;
	room = room < b->elf.size - off ? room : b->elf.size - off;
	n = n < room ? n : room;
	return elffile_read(&b->elf, off, to, n) < 0 ? 0 : n;
}

static bool read_piece(struct core *c, const struct space_piece *p)
{
	uint64_t at = p->address;
	uint8_t *to = p->to;
	size_t left = p->bytes;

	if (at + left < at)
		return false;
	while (left) {
		size_t n = corefile_read(&c->file, at, to, left);

		if (!n)
			n = read_file(c, at, to, left);
		if (!n)
			return false;
		atomic_fetch_add_explicit(&c->space.beats, 1,
					  memory_order_relaxed);
		at += n;
		to += n;
		left -= n;
	}
	return true;
}

static int core_readv(struct space *s, struct space_piece *at, size_t n)
{
	for (size_t i = 0; i < n; i++)
		at[i].ok = read_piece(core_of(s), &at[i]);
	return 0;
}

/* The rest of a space ------------------------------------------------------ */

static int core_threads(struct space *s, struct space_thread *out, size_t max)
{
	const struct corefile *f = &core_of(s)->file;

	for (size_t i = 0; i < f->thread_count && i < max; i++)
		out[i] = (struct space_thread){ f->threads[i].tid,
						f->threads[i].tid };
	return (int)f->thread_count;
}

static int core_regs(struct space *s, pid_t tid, struct space_regs *out)
{
	const struct corefile *f = &core_of(s)->file;

	for (size_t i = 0; i < f->thread_count; i++) {
		if (f->threads[i].tid != tid)
			continue;
		*out = f->threads[i].regs;
		return 0;
	}
	return -ESRCH;
}

/* It stands still, and stays what it was. */
static int core_freeze(struct space *s, bool on, struct err *e)
{
	(void)s;
	(void)on;
	(void)e;
	return 0;
}

static int core_check(struct space *s, struct err *e)
{
	(void)s;
	(void)e;
	return 0;
}

static void core_close(struct space *s)
{
	struct core *c = core_of(s);

	for (size_t i = 0; i < c->file_count; i++)
		elffile_close(&c->files[i].elf);
	/* The paths are the core's. */
	free(s->maps.maps);
	corefile_close(&c->file);
	free(c);
}

/* Opening ------------------------------------------------------------------ */

/* How file offset OFF of the program is mapped, as its headers say. */
static uint8_t perms_of(const struct core *c, uint64_t off)
{
	Elf64_Phdr p;

	for (uint32_t i = 0; i < c->program->elf.segments; i++) {
		if (elffile_segment(&c->program->elf, i, &p) < 0)
			break;
		if (p.p_type == PT_LOAD && off >= p.p_offset / PAGE * PAGE &&
		    off < p.p_offset + p.p_filesz)
			return (uint8_t)((p.p_flags & PF_R ? MAP_R : 0) |
					 (p.p_flags & PF_W ? MAP_W : 0) |
					 (p.p_flags & PF_X ? MAP_X : 0));
	}
	return MAP_R;
}

static void add_map(struct core *c, uint64_t start, uint64_t end,
		    uint8_t perms)
{
	const struct corefile_mapping *f = corefile_mapping(&c->file, start);
	struct map *m = &c->space.maps.maps[c->space.maps.n++];

	*m = (struct map){ .start = start, .end = end, .perms = perms,
			   .path = "" };
	if (f) {
		m->path = f->path;
		m->offset = f->offset + (start - f->start);
		/* Some: the core does not tell which. */
		m->inode = 1;
	} else if (c->file.vdso && start == c->file.vdso) {
		m->path = "[vdso]";
	}
}

static int by_start(const void *a, const void *b)
{
	const struct map *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* gcore leaves out what a file has: mappings without a segment, whose
 * permissions nobody told. */
static int make_maps(struct core *c)
{
	const struct corefile *f = &c->file;
	struct maps *maps = &c->space.maps;

	if (f->segment_count + f->mapping_count > MAPS_MAX)
		return -EFBIG;
	maps->maps = calloc(f->segment_count + f->mapping_count + 1,
			    sizeof(*maps->maps));
	if (!maps->maps)
		return -ENOMEM;
	for (size_t i = 0; i < f->segment_count; i++)
		add_map(c, f->segments[i].address,
			f->segments[i].address + f->segments[i].bytes,
			f->segments[i].perms);
	for (size_t i = 0; i < f->mapping_count; i++) {
		const struct corefile_mapping *m = &f->mappings[i];

		if (!corefile_segment(f, m->start))
			add_map(c, m->start, m->end,
				c->program && m->path == c->program->path ?
				perms_of(c, m->offset) : MAP_R | MAP_X);
	}
	qsort(maps->maps, maps->n, sizeof(*maps->maps), by_start);
	for (size_t i = 0; i + 1 < maps->n; i++)
		if (maps->maps[i].end > maps->maps[i + 1].start)
			maps->maps[i].end = maps->maps[i + 1].start;
	return 0;
}

/* What the core calls its program; "" when it does not tell. */
static const char *program_path(const struct core *c)
{
	const struct corefile *f = &c->file;
	const struct corefile_mapping *m = corefile_mapping(f, f->headers);

	if (!m)
		m = corefile_mapping(f, f->entry);
	if (!m && f->mapping_count)
		m = &f->mappings[0];
	return m ? m->path : "";
}

static int open_program(struct core *c, const char *exe, struct err *e)
{
	const char *path = program_path(c);
	int rc;

	if (!exe && !*path)
		return err_say(e, -ENOENT, "%s: does not tell its program "
			       "(core:FILE,EXE)", c->space.name);
	c->program = add_file(c, path, exe ? exe : path, &rc, e);
	/* Where the core has nothing to compare, the user knows. */
	if (rc == -ENODATA && exe)
		rc = 0;
	if (rc < 0 && !exe) {
		err_of(e, "%s: its program", c->space.name);
		err_way_out(e, "core:FILE,EXE");
	}
	if (rc < 0)
		return rc;
	snprintf(c->space.exe, sizeof(c->space.exe), "%s", *path ? path : exe);
	strcpy(c->space.exe_open, c->program->open);
	if (c->file.entry)
		c->space.bias = c->file.entry -
				c->program->elf.header.e_entry;
	return 0;
}

/* The rest, once the file is C's. */
static int fill(struct core *c, const char *exe, struct err *e)
{
	struct space *s = &c->space;
	struct stat st;
	int rc;

	s->pid = c->file.pid;
	if (c->file.elf.fd >= 0 && !fstat(c->file.elf.fd, &st))
		s->dumped_ns = st.st_mtim.tv_sec * INT64_C(1000000000) +
			       st.st_mtim.tv_nsec;
	if (c->file.missing)
		snprintf(s->note, sizeof(s->note),
			 "the core is cut off: %llu MB are missing",
			 (unsigned long long)((c->file.missing >> 20) + 1));
	rc = open_program(c, exe, e);
	if (rc < 0)
		return rc;
	rc = make_maps(c);
	return rc < 0 ? err_set(e, rc, "%s: mappings", s->name) : 0;
}

/* Takes FILE, which is open, in any case. */
static int open_core(struct space **out, struct corefile *file,
		     const char *name, const char *exe, struct err *e)
{
	static const struct space_ops ops = {
		.readv = core_readv, .threads = core_threads,
		.regs = core_regs, .freeze = core_freeze,
		.check = core_check, .close = core_close,
	};
	struct core *c = calloc(1, sizeof(*c));
	int rc;

	if (!c) {
		corefile_close(file);
		return err_set(e, -ENOMEM, "%s", name);
	}
	c->file = *file;
	c->space.ops = &ops;
	c->space.kind = SPACE_CORE;
	snprintf(c->space.name, sizeof(c->space.name), "%s", name);
	rc = fill(c, exe, e);
	if (rc < 0)
		core_close(&c->space);
	else
		*out = &c->space;
	return rc;
}

int space_open_core(struct space **out, const char *file, const char *exe,
		    struct err *e)
{
	struct corefile f;
	int rc = corefile_open(&f, file, e);

	return rc < 0 ? rc : open_core(out, &f, file, exe, e);
}

int core_open_image(struct space **out, const void *image, uint64_t size,
		    const char *exe, struct err *e)
{
	struct corefile f;
	int rc = corefile_open_image(&f, image, size, e);

	return rc < 0 ? rc : open_core(out, &f, "image", exe, e);
}
