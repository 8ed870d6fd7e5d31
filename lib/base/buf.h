/*
 * A growing row of bytes.
 *
 * Errors stick: after one everything put is dropped, and buf_error() tells at
 * the end.  CAP bounds it, so that no input makes it take all memory.
 */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char *data;             /* LEN bytes and a zero behind them, or NULL */
	size_t len;
	size_t size;            /* allocated */
	size_t cap;             /* LEN never passes it; 0: BUF_CAP */
	int error;              /* 0, -ENOMEM or -EFBIG */
};

#define BUF_CAP ((size_t)1 << 30)

/* All zero is an empty buffer.  [any but g: allocates] */
void buf_release(struct buf *b);
void buf_reset(struct buf *b);  /* empty again, memory and cap kept */

/* Room for N more bytes, which the caller fills, or NULL after an error. */
void *buf_room(struct buf *b, size_t n);

void buf_put(struct buf *b, const void *p, size_t n);
void buf_puts(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static inline int buf_error(const struct buf *b)
{
	return b->error;
}

#endif
