/*
 * Finding the note.
 *
 * Program headers come first: they survive strip, and in memory nothing else
 * is there.  Section headers are for object files and for the few linkers that
 * make no PT_NOTE.
 */
#include "lib/base/buildid.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* More is no note section of a program; it bounds the walk. */
#define NOTES_BYTES_MAX (1 << 20)

/* Notes are padded to ALIGN, 4 or 8; N is at most NOTES_BYTES_MAX. */
static uint64_t padded(uint64_t n, uint64_t align)
{
	return (n + align - 1) & ~(align - 1);
}

static int take(struct buildid *id, const struct elfview *v, uint64_t off,
		const Elf64_Nhdr *note, uint64_t name_bytes)
{
	char name[4];
	int rc;

	if (note->n_type != NT_GNU_BUILD_ID || note->n_namesz != 4 ||
	    note->n_descsz < 1 || note->n_descsz > BUILDID_BYTES_MAX)
		return -ENOENT;
	rc = elfview_read(v, off + sizeof(*note), name, sizeof(name));
	if (rc < 0 || memcmp(name, "GNU", 4))
		return -ENOENT;
	rc = elfview_read(v, off + sizeof(*note) + name_bytes, id->bytes,
			  note->n_descsz);
	if (rc < 0)
		return -ENOENT;
	id->n = note->n_descsz;
	return 0;
}

static int find_in_notes(struct buildid *id, const struct elfview *v,
			 uint64_t off, uint64_t n, uint64_t align)
{
	uint64_t name_bytes, step, at = 0;
	Elf64_Nhdr note;

	align = align == 8 ? 8 : 4;
	if (n > NOTES_BYTES_MAX || off > v->size)
		return -ENOENT;
	while (n - at >= sizeof(note)) {
		if (elfview_read(v, off + at, &note, sizeof(note)) < 0)
			return -ENOENT;
		name_bytes = padded(note.n_namesz, align);
		if (align == 8)
			name_bytes = padded(sizeof(note) + note.n_namesz, 8) -
				     sizeof(note);
		if (take(id, v, off + at, &note, name_bytes) == 0)
			return 0;
		step = sizeof(note) + name_bytes + padded(note.n_descsz, align);
		if (step > n - at)
			return -ENOENT;
		at += step;
	}
	return -ENOENT;
}

/* An image in memory has its segments where they are loaded, relative to the
 * first one. */
static int first_vaddr(const struct elfview *v, uint64_t *vaddr)
{
	Elf64_Phdr ph;
	uint32_t i;

	for (i = 0; elfview_phdr(v, i, &ph) == 0; i++) {
		if (ph.p_type == PT_LOAD) {
			*vaddr = ph.p_vaddr - ph.p_offset;
			return 0;
		}
	}
	return -ENOENT;
}

static int find_in_segments(struct buildid *id, const struct elfview *v)
{
	uint64_t base = 0, off;
	Elf64_Phdr ph;
	uint32_t i;

	if (v->fd < 0 && first_vaddr(v, &base) < 0)
		return -ENOENT;
	for (i = 0; elfview_phdr(v, i, &ph) == 0; i++) {
		if (ph.p_type != PT_NOTE)
			continue;
		off = v->fd < 0 ? ph.p_vaddr - base : ph.p_offset;
		if (find_in_notes(id, v, off, ph.p_filesz, ph.p_align) == 0)
			return 0;
	}
	return -ENOENT;
}

static int find_in_sections(struct buildid *id, const struct elfview *v)
{
	Elf64_Shdr sh;
	uint32_t i;

	for (i = 0; elfview_shdr(v, i, &sh) == 0; i++)
		if (sh.sh_type == SHT_NOTE &&
		    find_in_notes(id, v, sh.sh_offset, sh.sh_size,
				  sh.sh_addralign) == 0)
			return 0;
	return -ENOENT;
}

int buildid_of_elf(struct buildid *id, const struct elfview *v)
{
	id->n = 0;
	if (find_in_segments(id, v) == 0)
		return 0;
	return v->fd < 0 ? -ENOENT : find_in_sections(id, v);
}

int buildid_of_image(struct buildid *id, const void *image, uint64_t size)
{
	struct elfview v;
	int rc;

	id->n = 0;
	rc = elfview_image(&v, image, size);
	return rc < 0 ? rc : buildid_of_elf(id, &v);
}

int buildid_of_file(struct buildid *id, const char *path)
{
	struct elfview v;
	int fd, rc;

	id->n = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	rc = elfview_file(&v, fd);
	if (rc == 0)
		rc = buildid_of_elf(id, &v);
	close(fd);
	return rc;
}

int buildid_of_map(struct buildid *id, pid_t pid, const struct map *m)
{
	char path[4096 + 64];
	int n;

	id->n = 0;
	if (!pid && (m->perms & MAP_R) && m->offset == 0 &&
	    buildid_of_image(id, (const void *)m->start,
			     m->end - m->start) == 0)
		return 0;
	if (m->path[0] != '/' || m->deleted)
		return -ENOENT;
	if (!pid)
		return buildid_of_file(id, m->path);
	n = snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, m->path);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return buildid_of_file(id, path);
}

void buildid_hex(char out[BUILDID_HEX_MAX], const struct buildid *id)
{
	static const char digit[] = "0123456789abcdef";
	size_t i, n = id->n <= BUILDID_BYTES_MAX ? id->n : 0;

	for (i = 0; i < n; i++) {
		out[2 * i] = digit[id->bytes[i] >> 4];
		out[2 * i + 1] = digit[id->bytes[i] & 15];
	}
	out[2 * n] = '\0';
}
