#ifndef PGO_CC_BYTES_H
#define PGO_CC_BYTES_H
/* A growing run of bytes, what object files are put together from. */

#include <stddef.h>
#include <stdint.h>

struct bytes {
	unsigned char *p;
	size_t n, cap;
};

void bytes_add(struct bytes *b, const void *data, size_t n);
void bytes_u8(struct bytes *b, unsigned v);
void bytes_u32(struct bytes *b, uint32_t v);	/* little endian, as x86 */
void bytes_be32(struct bytes *b, uint32_t v);	/* as archive tables are */
void bytes_pad(struct bytes *b, size_t align, unsigned fill);

/* Adds S with its 0 and returns where it begins. */
size_t bytes_str(struct bytes *b, const char *s);

#endif
