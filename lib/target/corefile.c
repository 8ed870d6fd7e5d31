/*
 * Segments are sorted, those that overlap or wrap around dropped, so that a
 * search is a bisection.  Notes are read one header at a time; a core of ten
 * thousand threads has a hundred MB of them, most of which (vector registers)
 * nobody asks for.
 */
#include "lib/target/corefile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/user.h>

#include "lib/base/grow.h"

enum {
	NOTES_MAX = 1 << 20,            /* looked at in the file */
	THREADS_MAX = 1 << 16,
	AUXV_BYTES_MAX = 4096,
	MAPPINGS_BYTES_MAX = 32 << 20,  /* of the note with the mappings */
};

/* Segments ----------------------------------------------------------------- */

static uint8_t perms_of(const Elf64_Phdr *p)
{
	return (uint8_t)((p->p_flags & PF_R ? MAP_R : 0) |
			 (p->p_flags & PF_W ? MAP_W : 0) |
			 (p->p_flags & PF_X ? MAP_X : 0));
}

static void add_segment(struct corefile *c, const Elf64_Phdr *p)
{
	struct corefile_segment *s = &c->segments[c->segment_count];
	uint64_t end, size = c->elf.size;
	uint64_t had = p->p_offset < size ? size - p->p_offset : 0;

	if (!p->p_memsz ||
	    __builtin_add_overflow(p->p_vaddr, p->p_memsz, &end) ||
	    __builtin_add_overflow(p->p_offset, p->p_filesz, &end))
		return;
	*s = (struct corefile_segment){
		.address = p->p_vaddr,
		.bytes = p->p_memsz,
		.dumped = p->p_filesz < p->p_memsz ? p->p_filesz : p->p_memsz,
		.offset = p->p_offset,
		.perms = perms_of(p),
	};
	s->had = s->dumped < had ? s->dumped : had;
	c->missing += s->dumped - s->had;
	c->segment_count++;
}

static int by_address(const void *a, const void *b)
{
	const struct corefile_segment *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

/* The first of two that overlap stays. */
static void sort_segments(struct corefile *c)
{
	uint64_t end = 0;
	size_t n = 0;

	qsort(c->segments, c->segment_count, sizeof(*c->segments), by_address);
	for (size_t i = 0; i < c->segment_count; i++) {
		if (c->segments[i].address < end)
			continue;
		c->segments[n] = c->segments[i];
		end = c->segments[n].address + c->segments[n].bytes;
		n++;
	}
	c->segment_count = n;
}

/* Notes -------------------------------------------------------------------- */

/* One note: its descriptor is at OFF. */
struct note {
	uint32_t type;
	uint64_t off, bytes;
};

static void take_thread(struct corefile *c, const struct note *n)
{
	struct elf_prstatus st;
	struct user_regs_struct r;

	_Static_assert(sizeof(st.pr_reg) == sizeof(r), "as ptrace(2) has them");
	if (n->bytes < sizeof(st) || c->thread_count == THREADS_MAX ||
	    elffile_read(&c->elf, n->off, &st, sizeof(st)) < 0)
		return;
	if (grow(&c->threads, &c->thread_room, c->thread_count,
		 sizeof(*c->threads)) < 0)
		return;
	memcpy(&r, st.pr_reg, sizeof(r));
	c->threads[c->thread_count++] = (struct corefile_thread){
		.tid = st.pr_pid,
		.regs = { r.rip, r.rsp, r.rbp, r.r14, r.fs_base },
	};
}

static void take_program(struct corefile *c, const struct note *n)
{
	struct elf_prpsinfo ps;

	if (n->bytes < sizeof(ps) ||
	    elffile_read(&c->elf, n->off, &ps, sizeof(ps)) < 0)
		return;
	c->pid = ps.pr_pid > 0 ? ps.pr_pid : 0;
	memcpy(c->command, ps.pr_fname, sizeof(ps.pr_fname));
}

static void take_auxv(struct corefile *c, const struct note *n)
{
	Elf64_auxv_t v;

	for (uint64_t at = 0; at + sizeof(v) <= n->bytes &&
	     at < AUXV_BYTES_MAX; at += sizeof(v)) {
		if (elffile_read(&c->elf, n->off + at, &v, sizeof(v)) < 0)
			return;
		if (v.a_type == AT_ENTRY)
			c->entry = v.a_un.a_val;
		else if (v.a_type == AT_PHDR)
			c->headers = v.a_un.a_val;
		else if (v.a_type == AT_SYSINFO_EHDR)
			c->vdso = v.a_un.a_val;
	}
}

/* The N mappings at AT, whose paths, a string each, are at NAMES up to END. */
static void add_mappings(struct corefile *c, const uint64_t *at, uint64_t n,
			 uint64_t page, const char *names, const char *end)
{
	static const char gone[] = " (deleted)";
	uint64_t last = 0;

	for (; n > 0 && names < end; n--, at += 3) {
		struct corefile_mapping *m = &c->mappings[c->mapping_count];
		size_t len = strlen(names);
		char *tail = (char *)(uintptr_t)names + len;

		*m = (struct corefile_mapping){ at[0], at[1], 0, names };
		names += len + 1;
		if (len >= sizeof(gone) &&
		    !strcmp(tail - (sizeof(gone) - 1), gone))
			tail[-(int)(sizeof(gone) - 1)] = '\0';
		if (m->end <= m->start || m->start < last ||
		    __builtin_mul_overflow(at[2], page, &m->offset) ||
		    m->offset > INT64_MAX)
			continue;
		last = m->end;
		c->mapping_count++;
	}
}

/* Two numbers, three for each mapping, then the paths. */
static void take_mappings(struct corefile *c, const struct note *n)
{
	enum { HEAD = 2, EACH = 3 };
	uint64_t *words = NULL, count;

	if (c->names || n->bytes < HEAD * 8 || n->bytes > MAPPINGS_BYTES_MAX)
		return;
	words = calloc(1, n->bytes + 1);
	if (!words || elffile_read(&c->elf, n->off, words, n->bytes) < 0)
		goto out;
	count = words[0];
	if (count > (n->bytes - HEAD * 8) / (EACH * 8))
		goto out;
	c->mappings = calloc(count + 1, sizeof(*c->mappings));
	if (!c->mappings)
		goto out;
	c->names = (char *)words;
	add_mappings(c, words + HEAD, count, words[1],
		     (char *)(words + HEAD + EACH * count),
		     c->names + n->bytes);
	return;
out:
	free(words);
}

static void take_note(struct corefile *c, const struct note *n)
{
	switch (n->type) {
	case NT_PRSTATUS:
		take_thread(c, n);
		break;
	case NT_PRPSINFO:
		take_program(c, n);
		break;
	case NT_AUXV:
		take_auxv(c, n);
		break;
	case NT_FILE:
		take_mappings(c, n);
		break;
	}
}

static uint64_t align4(uint64_t v)
{
	return (v + 3) & ~(uint64_t)3;
}

/* Segments may all lead to the same notes: *LEFT is how many more are looked
 * at. */
static void read_notes(struct corefile *c, const Elf64_Phdr *p, int *left)
{
	uint64_t off = p->p_offset, end;
	struct {
		Elf64_Nhdr head;
		char owner[8];
	} h;

	if (__builtin_add_overflow(off, p->p_filesz, &end))
		return;
	for (; *left > 0; --*left) {
		struct note n;

		if (off >= end || end - off < sizeof(h) ||
		    elffile_read(&c->elf, off, &h, sizeof(h)) < 0)
			return;
		/* No overflow: the file has OFF, and each is below 2^33. */
		n.type = h.head.n_type;
		n.bytes = h.head.n_descsz;
		n.off = off + sizeof(h.head) + align4(h.head.n_namesz);
		if (h.head.n_namesz == 5 && !memcmp(h.owner, "CORE", 5))
			take_note(c, &n);
		off = n.off + align4(n.bytes);
	}
}

/* Opening ------------------------------------------------------------------ */

static int read_segments(struct corefile *c)
{
	int rc, notes = NOTES_MAX;
	Elf64_Phdr p;

	c->segments = calloc(c->elf.segments + 1, sizeof(*c->segments));
	if (!c->segments)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->elf.segments; i++) {
		rc = elffile_segment(&c->elf, i, &p);
		if (rc < 0)
			return rc;
		if (p.p_type == PT_LOAD)
			add_segment(c, &p);
		else if (p.p_type == PT_NOTE)
			read_notes(c, &p, &notes);
	}
	sort_segments(c);
	return 0;
}

static int read_all(struct corefile *c, struct err *e)
{
	int rc = read_segments(c);

	if (rc == 0 && !c->segment_count)
		rc = -EINVAL;
	if (rc == -EINVAL)
		err_say(e, rc, "%s: cut off: nothing of the memory is left",
			c->elf.name);
	else if (rc < 0)
		err_set(e, rc, "%s", c->elf.name);
	if (rc < 0)
		corefile_close(c);
	return rc;
}

int corefile_open(struct corefile *c, const char *path, struct err *e)
{
	int rc;

	*c = (struct corefile){ 0 };
	rc = elffile_open_core(&c->elf, path, e);
	return rc < 0 ? rc : read_all(c, e);
}

int corefile_open_image(struct corefile *c, const void *image, uint64_t size,
			struct err *e)
{
	int rc;

	*c = (struct corefile){ 0 };
	rc = elffile_open_core_image(&c->elf, image, size, e);
	return rc < 0 ? rc : read_all(c, e);
}

void corefile_close(struct corefile *c)
{
	elffile_close(&c->elf);
	free(c->segments);
	free(c->mappings);
	free(c->names);
	free(c->threads);
	*c = (struct corefile){ .elf = { .fd = -1 } };
}

/* Asking ------------------------------------------------------------------- */

const struct corefile_segment *corefile_segment(const struct corefile *c,
						uint64_t address)
{
	size_t low = 0, high = c->segment_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->segments[mid].address <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || address - c->segments[low - 1].address >=
		    c->segments[low - 1].bytes)
		return NULL;
	return &c->segments[low - 1];
}

const struct corefile_mapping *corefile_mapping(const struct corefile *c,
						uint64_t address)
{
	size_t low = 0, high = c->mapping_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->mappings[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || address >= c->mappings[low - 1].end)
		return NULL;
	return &c->mappings[low - 1];
}

size_t corefile_read(const struct corefile *c, uint64_t address, void *out,
		     size_t n)
{
	const struct corefile_segment *s = corefile_segment(c, address);
	uint64_t off = s ? address - s->address : 0;

	if (!s || off >= s->had)
		return 0;
	if (n > s->had - off)
		n = s->had - off;
	return elffile_read(&c->elf, s->offset + off, out, n) < 0 ? 0 : n;
}
