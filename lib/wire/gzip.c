/*
 * zlib's loop both ways, a piece of room at a time, for the size of the result
 * is not known and the one a file claims is not believed.
 */
#include "lib/wire/gzip.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <zlib.h>

#define ROOM_BYTES 32768
#define WINDOW_GZIP (15 + 16)           /* zlib: the largest window, gzip */

bool gzip_is(const void *p, size_t n)
{
	return n >= 2 && memcmp(p, "\x1f\x8b", 2) == 0;
}

/* zlib counts in unsigned int: it gets the input in turns. */
static void feed(z_stream *z, size_t *left)
{
	uInt n = *left > UINT_MAX ? UINT_MAX : (uInt)*left;

	if (z->avail_in == 0) {
		z->avail_in = n;
		*left -= n;
	}
}

/* One call of STEP into fresh room; what it left of that is given back. */
static int run(z_stream *z, struct buf *out, int (*step)(z_stream *, int),
	       int flush)
{
	char room[ROOM_BYTES];
	int rc;

	z->next_out = (Bytef *)room;
	z->avail_out = sizeof(room);
	rc = step(z, flush);
	buf_put(out, room, sizeof(room) - z->avail_out);
	return rc;
}

int gzip_deflate(struct buf *out, const void *p, size_t n)
{
	z_stream z = { .next_in = (Bytef *)p };
	int rc;

	rc = deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, WINDOW_GZIP, 8,
			  Z_DEFAULT_STRATEGY);
	if (rc != Z_OK)
		return -ENOMEM;
	do {
		feed(&z, &n);
		rc = run(&z, out, deflate, n ? Z_NO_FLUSH : Z_FINISH);
	} while (rc != Z_STREAM_END && !buf_error(out));
	deflateEnd(&z);
	return buf_error(out);
}

/* To the end of one member.  1 there, 0 to go on. */
static int inflate_some(z_stream *z, struct buf *out, size_t limit, size_t left)
{
	int rc = run(z, out, inflate, Z_NO_FLUSH);

	if (buf_error(out))
		return buf_error(out);
	if (out->len > limit)
		return -EFBIG;
	if (rc == Z_MEM_ERROR)
		return -ENOMEM;
	if (rc == Z_STREAM_END)
		return 1;
	if (rc != Z_OK || (z->avail_in == 0 && left == 0 && z->avail_out))
		return -EBADMSG;
	return 0;
}

int gzip_inflate(struct buf *out, const void *p, size_t n, size_t max)
{
	size_t limit = max > SIZE_MAX - out->len ? SIZE_MAX : out->len + max;
	z_stream z = { .next_in = (Bytef *)p };
	int rc;

	if (!gzip_is(p, n))
		return -EBADMSG;
	if (inflateInit2(&z, WINDOW_GZIP) != Z_OK)
		return -ENOMEM;
	do {
		feed(&z, &n);
		rc = inflate_some(&z, out, limit, n);
		if (rc == 1 && (z.avail_in || n))
			rc = inflateReset(&z) == Z_OK ? 0 : -EBADMSG;
	} while (rc == 0);
	inflateEnd(&z);
	return rc < 0 ? rc : 0;
}
