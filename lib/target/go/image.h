/*
 * The ELF file of the program in a space: where its parts lie in memory, and
 * its symbols.  Addresses are the process's.
 *
 * Everything in the file is hostile; sections and symbols may be missing.
 * [any but g: allocates]
 */
#ifndef LIB_TARGET_GO_IMAGE_H
#define LIB_TARGET_GO_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/elffile.h"
#include "lib/base/err.h"
#include "lib/target/space.h"

enum { IMAGE_SEGMENTS_MAX = 32 };

/* A segment or a section. */
struct image_part {
	uint64_t address;
	uint64_t offset;        /* in the file */
	uint64_t file_bytes;    /* that are in the file */
	uint64_t bytes;         /* in memory, the rest zero at first */
	uint32_t flags;         /* PF_R, PF_W, PF_X; of segments */
};

struct image {
	struct space *space;    /* the caller's */
	struct elffile file;
	struct image_part segments[IMAGE_SEGMENTS_MAX]; /* what is loaded */
	size_t count;
	Elf64_Shdr *sections;   /* file.sections of them, or NULL */
	char *names;            /* theirs; ends with a zero */
	size_t names_bytes;
};

struct image_symbol {
	const char *name;       /* wanted */
	uint64_t address;       /* 0: there is none */
	uint64_t bytes;
};

/* Opens the program of S, which must outlive it.  0, or -E with words in E. */
int image_open(struct image *im, struct space *s, struct err *e);
void image_close(struct image *im);

/* The section called NAME that has bytes in the file. */
bool image_section(const struct image *im, const char *name,
		   struct image_part *out);

/* The segment that holds ADDRESS, or NULL. */
const struct image_part *image_segment(const struct image *im,
				       uint64_t address);

/* Looks for the N symbols of TYPE (STT_OBJECT, ...) in .symtab, all in one
 * pass; how many there are. */
size_t image_symbols(const struct image *im, int type,
		     struct image_symbol *wanted, size_t n);

/* Calls SEE with each piece of PART, read from memory: the N words at ADDRESS,
 * of which the last two come again, so that what is up to three words long is
 * found at the seams too.  Until SEE says true, and then returns true; or to
 * the end, or to 256 MiB. */
typedef bool image_see_fn(void *ctx, uint64_t address, const uint64_t *words,
			  size_t n);
bool image_scan(const struct image *im, const struct image_part *part,
		image_see_fn *see, void *ctx);

#endif
