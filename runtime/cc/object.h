#ifndef PGO_CC_OBJECT_H
#define PGO_CC_OBJECT_H
/* Relocatable object files for x86-64, put together from their sections. */

#include <elf.h>

#include "runtime/cc/bytes.h"

struct section {
	const char *name;
	Elf64_Word type;
	Elf64_Xword flags, align, entry_bytes;
	Elf64_Word link, info;
};

/* Appends to OUT the object of N sections SHAPE with the bytes CONTENT: the
 * first is the empty one, the last .shstrtab, which is filled here. */
void object_write(struct bytes *out, const struct section *shape,
		  struct bytes *content, size_t n);

#endif
