/*
 * Build ids: the linker's name for exactly this ELF file, from its note
 * NT_GNU_BUILD_ID.  Nothing here allocates.
 */
#ifndef LIB_BASE_BUILDID_H
#define LIB_BASE_BUILDID_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/elfview.h"
#include "lib/base/maps.h"

#define BUILDID_BYTES_MAX 64
#define BUILDID_HEX_MAX (2 * BUILDID_BYTES_MAX + 1)

struct buildid {
	size_t n;               /* bytes, 0 when there is none */
	uint8_t bytes[BUILDID_BYTES_MAX];
};

/* Fills ID.  0, or -ENOENT when the ELF has none, -ENOEXEC when it is none, -E
 * of the file; ID is empty then. */
int buildid_of_elf(struct buildid *id, const struct elfview *v);
int buildid_of_file(struct buildid *id, const char *path);

/* Of an image in this process, of which SIZE bytes are readable. */
int buildid_of_image(struct buildid *id, const void *image, uint64_t size);

/*
 * Of what is mapped at M in process PID, 0 being this one.  Here the memory is
 * asked first; elsewhere, and for parts that do not hold the note, the file, as
 * PID sees it.  -ENOENT too when that file is gone.
 */
int buildid_of_map(struct buildid *id, pid_t pid, const struct map *m);

/* Lower-case hex, "" for none. */
void buildid_hex(char out[BUILDID_HEX_MAX], const struct buildid *id);

#endif
