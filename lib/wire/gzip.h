/* Whole buffers through gzip.  Tools and the agent only: it needs zlib. */
#ifndef LIB_WIRE_GZIP_H
#define LIB_WIRE_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"

/* Appends the N bytes at P as a gzip file without name or time, at the fastest
 * level.  0, -ENOMEM or -EFBIG.  [any but g: allocate] */
int gzip_deflate(struct buf *out, const void *p, size_t n);

/* Appends what the gzip file of N bytes at P holds, all of its members.
 * -EBADMSG when it is damaged or cut off, -EFBIG when it holds more than MAX
 * bytes. */
int gzip_inflate(struct buf *out, const void *p, size_t n, size_t max);

/* Does it begin like one? */
bool gzip_is(const void *p, size_t n);

#endif
