#include "lib/wire/ustar.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Numbers are octal text. */
struct header {
	char name[USTAR_NAME_MAX];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12], sum[8];
	char type;
	char link[100];
	char magic[6], version[2];
	char rest[247];
};

_Static_assert(sizeof(struct header) == USTAR_BLOCK, "a header is a block");

/* The sum of all bytes, those of the sum being blanks. */
static void seal(struct header *h)
{
	const unsigned char *at = (const unsigned char *)h;
	unsigned int sum = 0;
	char text[16];

	memset(h->sum, ' ', sizeof(h->sum));
	for (size_t i = 0; i < sizeof(*h); i++)
		sum += at[i];
	snprintf(text, sizeof(text), "%06o", sum);
	memcpy(h->sum, text, 7);
}

int ustar_file(struct buf *out, const char *name, uint64_t bytes,
	       int64_t mtime)
{
	struct header h = { .mode = "0000644", .uid = "0000000",
			    .gid = "0000000", .type = '0',
			    .magic = "ustar", .version = { '0', '0' } };
	size_t n = strlen(name);

	if (n > sizeof(h.name))
		return -ENAMETOOLONG;
	if (bytes >= USTAR_SIZE_MAX)
		return -EFBIG;
	memcpy(h.name, name, n);
	snprintf(h.size, sizeof(h.size), "%011" PRIo64, bytes);
	snprintf(h.mtime, sizeof(h.mtime), "%011" PRIo64,
		 (uint64_t)mtime % USTAR_SIZE_MAX);
	seal(&h);
	buf_put(out, &h, sizeof(h));
	return 0;
}

static void put_zeros(struct buf *out, size_t n)
{
	static const char zeros[USTAR_BLOCK];

	for (; n > USTAR_BLOCK; n -= USTAR_BLOCK)
		buf_put(out, zeros, USTAR_BLOCK);
	buf_put(out, zeros, n);
}

void ustar_pad(struct buf *out, uint64_t bytes)
{
	put_zeros(out, -bytes % USTAR_BLOCK);
}

void ustar_end(struct buf *out)
{
	put_zeros(out, 2 * USTAR_BLOCK);
}
