/*
 * An ELF file of this machine, read piece by piece.
 *
 * Nothing of it stays mapped, so a file that is cut short under the reader
 * gives an error and no signal.  All of it is hostile: every piece is checked
 * against the size before it is read.
 */
#ifndef LIB_BASE_ELFFILE_H
#define LIB_BASE_ELFFILE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

struct err;

struct elffile {
	int fd;                 /* -1: an image */
	const uint8_t *image;
	uint64_t size;          /* bytes of the file or the image */
	Elf64_Ehdr header;
	uint32_t segments;      /* how many: header.e_phnum, or more */
	uint32_t sections;      /* how many; 0 when there is no table */
	const char *name;       /* what errors call it; the caller's */
};

/* More is -EFBIG.  A core has a segment for each mapping. */
enum { ELFFILE_SECTIONS_MAX = 65536, ELFFILE_SEGMENTS_MAX = 1 << 18 };

/* Opens the file at PATH, which must outlive F.  0; -E of open(2); -EINVAL
 * when it is no executable or library for this machine.  Allocates nothing.
 * [any but g] */
int elffile_open(struct elffile *f, const char *path, struct err *e);

/* The same over SIZE bytes that lie as in the file.  [any] */
int elffile_open_image(struct elffile *f, const void *image, uint64_t size,
		       struct err *e);

/* Both for a core file; -EINVAL when it is none.  One that is cut off opens as
 * long as its header is there: it says of more than the file has. */
int elffile_open_core(struct elffile *f, const char *path, struct err *e);
int elffile_open_core_image(struct elffile *f, const void *image,
			    uint64_t size, struct err *e);
void elffile_close(struct elffile *f);

/* Copies N bytes at OFF to OUT.  0, -EINVAL when the file does not have them,
 * or -E of pread(2). */
int elffile_read(const struct elffile *f, uint64_t off, void *out, size_t n);

/* The I-th program header, of segments, and section, of sections; as
 * elffile_read(). */
int elffile_segment(const struct elffile *f, uint32_t i, Elf64_Phdr *out);
int elffile_section(const struct elffile *f, uint32_t i, Elf64_Shdr *out);

#endif
