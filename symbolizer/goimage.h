/*
 * A Go program's memory as its file lays it down: its segments, with the
 * addresses filled in that a position independent file leaves to the loader.
 */
#ifndef SYMBOLIZER_GOIMAGE_H
#define SYMBOLIZER_GOIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/elffile.h"
#include "lib/base/err.h"

enum { GOIMAGE_SEGMENTS_MAX = 64 };

/* At address AT there will be the address VALUE (at bias 0). */
struct goimage_reloc {
	uint64_t at;
	uint64_t value;
};

struct goimage {
	struct elffile file;
	Elf64_Phdr segments[GOIMAGE_SEGMENTS_MAX];      /* those loaded */
	size_t segment_count;
	struct goimage_reloc *relocs;   /* by address */
	size_t reloc_count, reloc_room;
};

/* Opens the file PATH, which need not be a Go program; relocations are not
 * read yet.  0 or -E with words in E. */
int goimage_open(struct goimage *g, const char *path, struct err *e);
void goimage_close(struct goimage *g);

/* Reads the relocations, if the file is one that has any.  0 or -ENOMEM. */
int goimage_relocate(struct goimage *g);

/* Copies N bytes at ADDRESS.  0, or -EFAULT when the file does not have them,
 * or -E of pread(2). */
int goimage_read(const struct goimage *g, uint64_t address, void *out,
		 size_t n);

/* How many bytes of the file are at ADDRESS and behind; 0: none. */
uint64_t goimage_bytes_at(const struct goimage *g, uint64_t address);

/* The section NAME.  False when there is none that is loaded. */
bool goimage_section(const struct goimage *g, const char *name,
		     uint64_t *address, uint64_t *bytes);

#endif
