/* A tar file, gzipped, written piece by piece. */
#ifndef PGO_TRACE_ARCHIVE_H
#define PGO_TRACE_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "pgo-trace/output.h"

struct archive {
	struct output *to;
	char folder[64];        /* all files are in it */
	struct buf plain, packed;
};

/* Adds the file NAME: what FD holds from its beginning on.  *BYTES is how much
 * that was.  0 or -E with words in E. */
int archive_fd(struct archive *a, const char *name, int fd, uint64_t *bytes,
	       struct err *e);

/* The same of N bytes at P. */
int archive_bytes(struct archive *a, const char *name, const void *p, size_t n,
		  struct err *e);

/* Completes it.  archive_release() in any case. */
int archive_end(struct archive *a, struct err *e);
void archive_release(struct archive *a);

#endif
