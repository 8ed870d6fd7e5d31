/*
 * A byte buffer that grows, up to a cap.
 *
 * All zero is an empty buffer with the default cap.  The first failure sticks:
 * later puts do nothing, and the writer asks once, at the end, in buf_error().
 * Everything that puts may call realloc(): plain threads only, not a signal
 * handler, not the runtime's own paths.
 */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define BUF_CAP_DEFAULT ((size_t)1 << 30)       /* bytes */

struct buf {
	uint8_t *data;          /* NULL while nothing was ever put */
	size_t len;             /* bytes put */
	size_t room;            /* bytes allocated, >= len */
	size_t cap;             /* len never exceeds it; 0: BUF_CAP_DEFAULT */
	int error;              /* 0, -ENOMEM, or -EFBIG past the cap */
};

void buf_init(struct buf *b, size_t cap);
void buf_release(struct buf *b);        /* frees; empty and usable again */
void buf_reset(struct buf *b);          /* empty, no error; keeps memory */

/* 0, or the failure that stuck. */
static inline int buf_error(const struct buf *b)
{
	return b->error;
}

/* Makes room for N more bytes and returns where they go, or NULL.  The caller
 * writes there, then adds to len what it wrote. */
uint8_t *buf_reserve(struct buf *b, size_t n);

void buf_put(struct buf *b, const void *bytes, size_t n);
void buf_put_str(struct buf *b, const char *s);
void buf_put_u8(struct buf *b, uint8_t v);
void buf_put_u16(struct buf *b, uint16_t v);    /* little endian, */
void buf_put_u32(struct buf *b, uint32_t v);    /* as all of these */
void buf_put_u64(struct buf *b, uint64_t v);
void buf_put_varint(struct buf *b, uint64_t v); /* LEB128, 1 to 10 bytes */
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Bytes of the varint of V. */
static inline size_t varint_bytes(uint64_t v)
{
	return (size_t)(63 - __builtin_clzll(v | 1)) / 7 + 1;
}

/* Writes the varint of V at OUT, which has room for 10 bytes; how many it
 * took.  [any] [sig] */
size_t varint_put(uint8_t *out, uint64_t v);

/* The content as a string: one NUL is put behind it, not counted in len.
 * "" when the buffer failed.  Valid until the next put. */
const char *buf_str(struct buf *b);

/* Gives the content to the caller, who frees it; B is empty afterwards.  NULL
 * when it is empty or failed. */
uint8_t *buf_take(struct buf *b, size_t *n);

#endif
