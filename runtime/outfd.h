/* Text to a descriptor through a buffer of the caller's: what a death and a
 * warning are told with.  No malloc, no stdio. */
#ifndef PGO_RUNTIME_OUTFD_H
#define PGO_RUNTIME_OUTFD_H

#include <stddef.h>

#include "lib/wire/text.h"

struct outfd {
	struct text_sink sink;  /* writes here */
	int fd;
	int error;              /* 0, or the first write's -errno */
	size_t n;               /* bytes in buf */
	size_t size;
	char *buf;
};

/* [any but g, as the others] */
void outfd_begin(struct outfd *o, int fd, char *buf, size_t size);

/* Writes what is there, waiting for a slow reader.  0 or the first write's
 * -errno, after which everything is dropped. */
int outfd_flush(struct outfd *o);

#endif
