/*
 * Text, into a buffer of the caller's and from there to a descriptor: what
 * dying and watching are told with.  No malloc, no stdio, nothing of libc that
 * could hold a lock.
 */
#ifndef PGO_RUNTIME_TEXT_H
#define PGO_RUNTIME_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	int fd;                 /* -1: none, the buffer is all there is */
	int error;              /* 0, the first write's -errno, or -ENOSPC */
	size_t n;               /* bytes in buf */
	size_t size;
	char *buf;
};

void text_begin(struct text *t, int fd, char *buf, size_t size);
void text_puts(struct text *t, const char *s);
void text_put(struct text *t, const char *s, size_t n);
void text_int(struct text *t, int64_t n);
void text_hex(struct text *t, uint64_t n);      /* 0x1f */

/* " NAME=" and a number. */
void text_field(struct text *t, const char *name, int64_t n);

/* Writes what is there, waiting for a slow reader.  0 or the first write's
 * -errno. */
int text_flush(struct text *t);

#endif
