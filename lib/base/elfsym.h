/*
 * Function symbols of an ELF file, without any library: what names addresses
 * inside the process.
 *
 * .symtab and .dynsym merged and sorted.  Memory comes from mmap(2), never
 * from malloc, so that a crash report can use it.
 */
#ifndef LIB_BASE_ELFSYM_H
#define LIB_BASE_ELFSYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct elfsym;

struct elfsym_func {
	const char *name;       /* lives as long as the elfsym */
	uint64_t start;         /* as in the file, before relocation */
	uint64_t size;          /* never 0: where the file does not tell, up
				 * to the next one or the section's end */
};

/* Reads the functions of the file at PATH, which need not stay as it is.  0
 * (also when it is stripped), -ENOENT and its like, -EINVAL when it is damaged
 * or no ELF file of this machine, -EFBIG, -ENOMEM.  [any but g] */
int elfsym_open(struct elfsym **out, const char *path, struct err *e);

/* The same for an image in memory whose bytes lie as in the file (the vdso);
 * IMAGE need not stay. */
int elfsym_open_image(struct elfsym **out, const void *image, size_t size,
		      struct err *e);
void elfsym_close(struct elfsym *s);

/* The function that holds ADDR (a file address), or false.  Where several do:
 * global before weak before local, then the shortest name.  [any] [sig] */
bool elfsym_find(const struct elfsym *s, uint64_t addr,
		 struct elfsym_func *out);

/* The file address of the byte at file offset OFF, by the program headers;
 * UINT64_MAX when no segment holds it.  [any] [sig] */
uint64_t elfsym_addr_of_offset(const struct elfsym *s, uint64_t off);

/* The load bias of the file of which OFFSET is mapped at START, executable if
 * CODE: what to subtract from an address to get the file's.  A mapping begins
 * at a page, which the segment before it may share, so elfsym_addr_of_offset()
 * cannot tell.  False when no such segment holds OFFSET.  [any] [sig] */
bool elfsym_bias(const struct elfsym *s, uint64_t start, uint64_t offset,
		 bool code, uint64_t *bias);

/* How many functions there are. */
size_t elfsym_count(const struct elfsym *s);

#endif
