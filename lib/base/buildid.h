/* The build id of an ELF file: what tells one build of a program from all
 * others. */
#ifndef LIB_BASE_BUILDID_H
#define LIB_BASE_BUILDID_H

#include <stddef.h>
#include <stdint.h>

struct elffile;

enum { BUILDID_MAX = 64 };      /* bytes; usually 20 */

struct buildid {
	uint8_t bytes[BUILDID_MAX];
	size_t n;               /* 0: there is none */
};

/* From the notes of an ELF image of SIZE bytes as it lies in the file.
 * Hostile bytes give none.  [any] */
void buildid_of_image(struct buildid *id, const void *image, size_t size);

/* From an open ELF file.  [any but g] */
void buildid_of_elf(struct buildid *id, const struct elffile *f);

/* From the file at PATH; none when it cannot be read.  [any but g] */
void buildid_of_file(struct buildid *id, const char *path);

/* OUT has room for 2 * BUILDID_MAX + 1; "" for none.  Returns OUT. */
char *buildid_hex(const struct buildid *id, char *out);

#endif
