/*
 * The functions of an ELF file, by address, without any library: what names
 * addresses inside a process when nobody else does.
 *
 * Addresses are those of the file (st_value).  For a module mapped at
 * [m.start, m.end) ask for elfsym_vaddr(s, pc - m.start + m.offset): that is
 * right for PIE, libraries and fixed programs alike; or subtract a load bias
 * known otherwise.
 *
 * elfsym_open*() and elfsym_free() call malloc() and free(); looking up does
 * not allocate and may be done by several threads at once.
 */
#ifndef LIB_BASE_ELFSYM_H
#define LIB_BASE_ELFSYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define ELFSYM_COUNT_MAX (16u << 20)            /* symbols in a file */
#define ELFSYM_NAMES_BYTES_MAX (1u << 30)       /* of their names */

struct elfsym;

struct elfsym_hit {
	const char *name;       /* without version; lives as the elfsym */
	uint64_t start;
	uint64_t size;          /* bytes up to its end; guessed if unsaid */
};

/* Reads the file PATH.  0 or -E with words in E: -ENOEXEC when it is no ELF
 * file.  A file without symbols is fine and knows no name. */
int elfsym_open(struct elfsym **out, const char *path, struct err *e);

/* Reads an image in this process, SIZE readable bytes laid out as in a file:
 * the vdso.  It may be unmapped afterwards. */
int elfsym_open_image(struct elfsym **out, const void *image, uint64_t size,
		      struct err *e);

void elfsym_free(struct elfsym *s);

size_t elfsym_count(const struct elfsym *s);

/* Where the file offset OFF is loaded.  0, or -ENOENT when it is in no
 * segment. */
int elfsym_vaddr(const struct elfsym *s, uint64_t off, uint64_t *vaddr);

/* The innermost function that holds VADDR.  False when none does. */
bool elfsym_find(const struct elfsym *s, uint64_t vaddr,
		 struct elfsym_hit *out);

#endif
