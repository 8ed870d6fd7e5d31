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
#include <unistd.h>

#include "lib/base/elffile.h"
#include "lib/base/err.h"
#include "lib/base/maps.h"
#include "lib/target/mem.h"

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

/* A note read from the program's file, and how its mappings are known. */
struct program {
	char link[32];          /* /proc/PID/exe */
	char path[4096];        /* what it points to */
	struct stat st;
	struct note note;
};

/* Overlay filesystems show other device numbers in maps; paths help. */
static bool is_mapping(const struct program *p, const struct map *m)
{
	uint64_t off = p->note.offset;

	if (!m->inode || off < m->offset ||
	    off - m->offset >= m->end - m->start)
		return false;
	return !strcmp(m->path, p->path) || m->inode == p->st.st_ino;
}

static void end_strings(struct pgo_layout *l)
{
	l->runtime[sizeof(l->runtime) - 1] = '\0';
	l->agent[sizeof(l->agent) - 1] = '\0';
}

/* The layout by mapping M, or -ENOENT when M does not lead to it. */
static int read_by(struct pgo_layout *out, const struct program *p,
		   const struct map *m, pid_t pid)
{
	uint64_t at = m->start + (p->note.offset - m->offset);
	int64_t distance;
	int rc;

	rc = mem_read(pid, at, &distance, sizeof(distance));
	if (rc == 0 && distance != p->note.distance)
		return -ENOENT;
	if (rc == 0)
		rc = mem_read(pid, at + (uint64_t)distance, out, sizeof(*out));
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

static int explain(pid_t pid, int rc, struct err *e)
{
	if (rc == -ENOENT)
		return err_say(e, rc, "%d: no program built with pgo-cc",
			       (int)pid);
	if (rc == -ENODATA)
		return err_say(e, rc, "%d: layout of another pgo (use the "
			       "tools of its version)", (int)pid);
	if (rc == -ESRCH)
		return err_say(e, rc, "%d: no such process", (int)pid);
	err_set(e, rc, "%d: cannot read memory", (int)pid);
	if (rc == -EPERM)
		err_way_out(e, "same user, or CAP_SYS_PTRACE");
	return rc;
}

static int read_layout(struct pgo_layout *out, const struct program *p,
		       pid_t pid)
{
	int rc = -ENOENT;
	struct maps maps;

	rc = maps_read(&maps, pid, NULL);
	if (rc < 0)
		return rc == -EACCES ? -EPERM : rc == -ENOENT ? -ESRCH : rc;
	rc = -ENOENT;
	for (size_t i = 0; i < maps.n && rc == -ENOENT; i++)
		if (is_mapping(p, &maps.maps[i]))
			rc = read_by(out, p, &maps.maps[i], pid);
	maps_release(&maps);
	return rc;
}

/* The magic link leads to the file itself, in whatever mount namespace. */
static int open_program(struct program *p, struct elffile *f, pid_t pid)
{
	ssize_t n;
	int rc;

	snprintf(p->link, sizeof(p->link), "/proc/%d/exe", (int)pid);
	n = readlink(p->link, p->path, sizeof(p->path) - 1);
	if (n < 0 && errno == ENOENT) {
		/* A kernel thread has no program; a dead one no folder. */
		p->link[strlen(p->link) - 4] = '\0';
		return access(p->link, F_OK) < 0 ? -ESRCH : -ENOENT;
	}
	if (n < 0)
		return errno == EACCES ? -EPERM : -errno;
	p->path[n] = '\0';
	if (n > 10 && !strcmp(p->path + n - 10, " (deleted)"))
		p->path[n - 10] = '\0';
	rc = elffile_open(f, p->link, NULL);
	if (rc < 0)
		return rc == -EINVAL ? -ENOENT : rc == -EACCES ? -EPERM : rc;
	if (fstat(f->fd, &p->st) < 0)
		rc = -errno;
	if (rc < 0)
		elffile_close(f);
	return rc;
}

int note_layout(struct pgo_layout *out, pid_t pid, struct err *e)
{
	struct program p;
	struct elffile f;
	int rc;

	rc = open_program(&p, &f, pid);
	if (rc == 0) {
		rc = note_find(&p.note, &f);
		elffile_close(&f);
		if (rc == -EINVAL)
			rc = -ENOENT;
	}
	if (rc == 0)
		rc = read_layout(out, &p, pid);
	return rc < 0 ? explain(pid, rc, e) : 0;
}
