/*
 * File descriptors, whole reads and whole writes.  EINTR never shows, nor does
 * EAGAIN: a descriptor that is not ready is waited for.
 */
#ifndef LIB_BASE_FD_H
#define LIB_BASE_FD_H

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

/* Writes all N bytes.  0 or -E; then some may have been written.  Does not
 * allocate. */
int fd_write_all(int fd, const void *bytes, size_t n);

/* Appends to B all that FD still gives, at most CAP bytes; -EFBIG when there
 * is more.  0 or -E.  B allocates. */
int fd_read_all(int fd, struct buf *b, size_t cap);

/* Appends the file PATH to B, at most CAP bytes.  0 or -E with words in E. */
int fd_slurp(const char *path, struct buf *b, size_t cap, struct err *e);

/* Lets this process open as many files as it may allow itself. */
void fd_raise_limit(void);

/* Stands in for those of descriptors 0 to 2 that are closed, so that no file
 * opened later gets their numbers, and with them what is meant for the user:
 * reading and writing them still fails with EBADF.  First thing in a tool. */
void fd_hold_standard(void);

#endif
