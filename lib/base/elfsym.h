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
	uint64_t size;          /* 0: unknown, up to the next one */
};

/* Maps the file at PATH and reads its functions.  0, -ENOENT and its like, or
 * -EINVAL when it is no ELF file of this machine.  [any but g] */
int elfsym_open(struct elfsym **out, const char *path, struct err *e);

/* The same for an image in memory as the loader laid it out (the vdso);
 * IMAGE must stay. */
int elfsym_open_image(struct elfsym **out, const void *image, size_t size,
		      struct err *e);
void elfsym_close(struct elfsym *s);

/* The function that holds ADDR (a file address), or false.  Where several do:
 * global before weak before local, then the shortest name.  [any] [sig] */
bool elfsym_find(const struct elfsym *s, uint64_t addr,
		 struct elfsym_func *out);

/* The file address of the byte at file offset OFF, by the program headers;
 * UINT64_MAX when no segment holds it.  With a mapping's start and offset this
 * gives the load bias. */
uint64_t elfsym_addr_of_offset(const struct elfsym *s, uint64_t off);

/* How many functions there are. */
size_t elfsym_count(const struct elfsym *s);

#endif
