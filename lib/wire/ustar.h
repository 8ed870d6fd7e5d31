/* Archives of tar, in the form of POSIX (ustar): a header of a block, the
 * file, zeros up to the next block. */
#ifndef LIB_WIRE_USTAR_H
#define LIB_WIRE_USTAR_H

#include <stdint.h>

#include "lib/base/buf.h"

enum { USTAR_BLOCK = 512, USTAR_NAME_MAX = 100 };
#define USTAR_SIZE_MAX ((uint64_t)1 << 33)      /* a file is smaller */

/* Appends the header of a file NAME of BYTES, changed at MTIME (seconds since
 * the epoch), whose content is to follow.  0; -ENAMETOOLONG, -EFBIG. */
int ustar_file(struct buf *out, const char *name, uint64_t bytes,
	       int64_t mtime);

/* Appends the zeros behind a file of BYTES. */
void ustar_pad(struct buf *out, uint64_t bytes);

/* Appends the end of the archive. */
void ustar_end(struct buf *out);

#endif
