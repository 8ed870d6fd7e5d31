/*
 * A 64-bit little-endian ELF file or memory image, read piece by piece.
 *
 * Nothing in it is believed: every read is checked against the size and copied
 * out, so neither a hostile file nor one that is cut short meanwhile can do
 * more than make a read fail.  Does not allocate, except elfview_load().
 */
#ifndef LIB_BASE_ELFVIEW_H
#define LIB_BASE_ELFVIEW_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

struct elfview {
	int fd;                 /* the file, or -1 */
	const uint8_t *image;   /* the image when there is no file */
	uint64_t size;          /* bytes of either */
	Elf64_Ehdr ehdr;
	uint32_t phnum;         /* true counts: e_phnum and e_shnum overflow */
	uint32_t shnum;
};

/* Looks at FD, which stays the caller's.  0, -E of the read, or -ENOEXEC when
 * it is no ELF file we read. */
int elfview_file(struct elfview *v, int fd);

/* Looks at SIZE readable bytes at IMAGE, laid out as in the file: the vdso, the
 * first mapping of a module. */
int elfview_image(struct elfview *v, const void *image, uint64_t size);

/* Copies N bytes at file offset OFF to OUT.  0, -E, or -ENODATA when they are
 * not all there. */
int elfview_read(const struct elfview *v, uint64_t off, void *out, size_t n);

/* Copies program header or section header I.  0 or -E. */
int elfview_phdr(const struct elfview *v, uint32_t i, Elf64_Phdr *out);
int elfview_shdr(const struct elfview *v, uint32_t i, Elf64_Shdr *out);

/* N bytes at OFF in memory the caller frees, two NULs behind them.  0, -E as
 * elfview_read(), -ENOMEM, or -EFBIG when N is above CAP. */
int elfview_load(const struct elfview *v, uint64_t off, uint64_t n,
		 uint64_t cap, uint8_t **out);

#endif
