/*
 * The file says where the note is in it; a mapping of the file says where that
 * is in memory.  So neither PIE nor a prelinked program needs a thought.  At
 * the seams of segments one page of the file may be mapped twice: each mapping
 * is tried, and what is in memory must be what is in the file.
 */
#include "lib/target/note.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/elffile.h"
#include "lib/base/err.h"
#include "lib/target/space.h"

enum {
	SEGMENTS_MAX = 256,     /* program headers looked at */
	NOTES_MAX = 1024,       /* notes looked at in one segment */
	HEADER_BYTES_MAX = 65536,
};

static uint64_t align_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) & ~(to - 1);
}

/* Is the note with header H at OFF ours?  Then fills N. */
static bool is_ours(struct note *n, const struct elffile *f,
		    const Elf64_Nhdr *h, uint64_t off)
{
	char owner[4];

	if (h->n_namesz != sizeof(owner) || h->n_descsz != 8 ||
	    h->n_type != PGO_NOTE_LAYOUT)
		return false;
	off += sizeof(*h);
	if (elffile_read(f, off, owner, sizeof(owner)) < 0 ||
	    memcmp(owner, "pgo", sizeof(owner)))
		return false;
	n->offset = off + sizeof(owner);
	return elffile_read(f, n->offset, &n->distance, 8) == 0;
}

static bool find_in(struct note *n, const struct elffile *f,
		    const Elf64_Phdr *p)
{
	uint64_t align = p->p_align == 8 ? 8 : 4;
	uint64_t off = p->p_offset, end;
	Elf64_Nhdr h;

	if (__builtin_add_overflow(off, p->p_filesz, &end) || end > f->size)
		return false;
	for (int i = 0; i < NOTES_MAX; i++) {
		if (off >= end || end - off < sizeof(h) ||
		    elffile_read(f, off, &h, sizeof(h)) < 0)
			return false;
		if (is_ours(n, f, &h, off))
			return n->offset + 8 <= end;
		/* Each addend is below 2^33: no overflow. */
		off += align_up(sizeof(h) + (uint64_t)h.n_namesz, align);
		off += align_up(h.n_descsz, align);
	}
	return false;
}

int note_find(struct note *n, const struct elffile *f)
{
	Elf64_Phdr p;

	for (uint32_t i = 0; i < f->segments && i < SEGMENTS_MAX; i++) {
		if (elffile_segment(f, i, &p) < 0)
			return -EINVAL;
		if (p.p_type == PT_NOTE && find_in(n, f, &p))
			return 0;
	}
	return -ENOENT;
}

/* Overlay filesystems show other device numbers in maps; paths help. */
static bool is_mapping(const struct space *s, const struct note *n,
		       uint64_t inode, const struct map *m)
{
	if (!m->inode || n->offset < m->offset ||
	    n->offset - m->offset >= m->end - m->start)
		return false;
	return !strcmp(m->path, s->exe) || m->inode == inode;
}

static void end_strings(struct pgo_layout *l)
{
	l->runtime[sizeof(l->runtime) - 1] = '\0';
	l->agent[sizeof(l->agent) - 1] = '\0';
}

/* The layout by mapping M, or -ENOENT when M does not lead to it. */
static int read_by(struct pgo_layout *out, uint64_t *address, struct space *s,
		   const struct note *n, const struct map *m)
{
	uint64_t at = m->start + (n->offset - m->offset);
	int64_t distance;
	int rc;

	rc = space_read(s, at, &distance, sizeof(distance));
	if (rc == 0 && distance != n->distance)
		return -ENOENT;
	*address = at + (uint64_t)n->distance;
	if (rc == 0)
		rc = space_read(s, *address, out, sizeof(*out));
	if (rc < 0)
		return rc == -EFAULT ? -ENOENT : rc;
	if (memcmp(out->magic, PGO_LAYOUT_MAGIC, sizeof(out->magic)))
		return -ENOENT;
	if (out->version != PGO_LAYOUT_VERSION ||
	    out->header_bytes < sizeof(*out) ||
	    out->header_bytes > HEADER_BYTES_MAX)
		return -ENODATA;
	end_strings(out);
	return 0;
}

static int explain(const char *name, int rc, struct err *e)
{
	if (rc == -ENOENT)
		return err_say(e, rc, "%s: no program built with pgo-cc",
			       name);
	if (rc == -ENODATA)
		return err_say(e, rc, "%s: layout of another pgo (use the "
			       "tools of its version)", name);
	return err_set(e, rc, "%s: cannot read memory", name);
}

/* The note of the program's file, and the file's inode. */
static int read_note(struct note *n, uint64_t *inode, const struct space *s)
{
	struct elffile f;
	struct stat st;
	int rc;

	rc = elffile_open(&f, s->exe_open[0] ? s->exe_open : s->exe, NULL);
	if (rc == 0 && fstat(f.fd, &st) < 0)
		rc = -errno;
	if (rc == 0) {
		*inode = st.st_ino;
		rc = note_find(n, &f);
	}
	elffile_close(&f);
	return rc == -EINVAL ? -ENOENT : rc;
}

int note_layout_of(struct pgo_layout *out, uint64_t *address, struct space *s,
		   struct err *e)
{
	struct note n;
	uint64_t inode = 0;
	int rc = read_note(&n, &inode, s);

	if (rc == 0) {
		rc = -ENOENT;
		for (size_t i = 0; i < s->maps.n && rc == -ENOENT; i++)
			if (is_mapping(s, &n, inode, &s->maps.maps[i]))
				rc = read_by(out, address, s, &n,
					     &s->maps.maps[i]);
	}
	return rc < 0 ? explain(s->name, rc, e) : 0;
}

int note_layout(struct pgo_layout *out, pid_t pid, struct err *e)
{
	struct space *s;
	uint64_t address;
	char name[16];
	int rc;

	rc = space_open_live(&s, pid, e);
	if (rc == -ENOENT || rc == -EINVAL) {
		snprintf(name, sizeof(name), "%d", (int)pid);
		return explain(name, -ENOENT, e);
	}
	if (rc < 0)
		return rc;
	rc = note_layout_of(out, &address, s, e);
	space_close(s);
	return rc;
}
