/*
 * zlib in a thousand goroutines: streams with allocators of ours, inflateBack()
 * with both ends in callbacks that wait, gz files through pipes.
 */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "test/real/crowd.h"

enum { TEXT_BYTES = 20000, PIECE = 700 };

struct buffers {
	unsigned char text[TEXT_BYTES], packed[TEXT_BYTES * 2];
	unsigned char back[TEXT_BYTES], window[32768];
	size_t n_packed, n_fed, n_back;
	uint32_t dice;
	long blocks;            /* allocated, and not freed */
};

static uint32_t roll(struct buffers *b)
{
	b->dice = b->dice * 1664525 + 1013904223;
	return b->dice >> 8;
}

static void fill(struct buffers *b)
{
	static const char *const words[] = { "goroutine ", "stack ", "parks ",
					     "segment ", "and ", "wakes " };
	size_t n = 0;

	while (n < TEXT_BYTES) {
		const char *w = words[roll(b) % 6];
		size_t len = strlen(w);

		if (len > TEXT_BYTES - n)
			len = TEXT_BYTES - n;
		memcpy(b->text + n, w, len);
		n += len;
	}
}

/* Callbacks ---------------------------------------------------------------- */

static void *alloc(void *arg, unsigned items, unsigned size)
{
	struct buffers *b = arg;

	if (roll(b) % 4 == 0)
		crowd_wait(roll(b));
	b->blocks++;
	return calloc(items, size);
}

static void release(void *arg, void *p)
{
	struct buffers *b = arg;

	if (roll(b) % 4 == 0)
		crowd_wait(roll(b));
	b->blocks--;
	free(p);
}

static unsigned feed(void *arg, unsigned char **p)
{
	struct buffers *b = arg;
	size_t n = b->n_packed - b->n_fed;

	if (roll(b) % 8 == 0)
		crowd_wait(roll(b));
	if (n > PIECE)
		n = PIECE;
	*p = b->packed + b->n_fed;
	b->n_fed += n;
	return (unsigned)n;
}

static int drain(void *arg, unsigned char *p, unsigned n)
{
	struct buffers *b = arg;

	if (roll(b) % 2 == 0)
		crowd_wait(roll(b));
	if (n > TEXT_BYTES - b->n_back)
		return 1;
	memcpy(b->back + b->n_back, p, n);
	b->n_back += n;
	return 0;
}

/* There and back ----------------------------------------------------------- */

static z_stream stream_of(struct buffers *b)
{
	z_stream z = { .zalloc = alloc, .zfree = release, .opaque = b };

	return z;
}

static void pack(struct buffers *b, int window_bits)
{
	z_stream z = stream_of(b);
	size_t at = 0;

	CHECK(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8,
			   Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_out = b->packed;
	z.avail_out = sizeof(b->packed);
	while (at < TEXT_BYTES) {
		size_t n = TEXT_BYTES - at < PIECE ? TEXT_BYTES - at : PIECE;

		z.next_in = b->text + at;
		z.avail_in = (unsigned)n;
		CHECK(deflate(&z, Z_NO_FLUSH) == Z_OK);
		at += n;
	}
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
	b->n_packed = z.total_out;
	CHECK(deflateEnd(&z) == Z_OK);
}

static void unpack(struct buffers *b)
{
	z_stream z = stream_of(b);

	CHECK(inflateInit2(&z, 15) == Z_OK);
	z.next_in = b->packed;
	z.avail_in = (unsigned)b->n_packed;
	z.next_out = b->back;
	z.avail_out = TEXT_BYTES;
	CHECK(inflate(&z, Z_FINISH) == Z_STREAM_END);
	CHECK(z.total_out == TEXT_BYTES);
	CHECK(inflateEnd(&z) == Z_OK);
}

static void unpack_by_callbacks(struct buffers *b)
{
	z_stream z = stream_of(b);

	b->n_fed = b->n_back = 0;
	CHECK(inflateBackInit(&z, 15, b->window) == Z_OK);
	CHECK(inflateBack(&z, feed, b, drain, b) == Z_STREAM_END);
	CHECK(b->n_back == TEXT_BYTES);
	CHECK(inflateBackEnd(&z) == Z_OK);
}

static void check(struct buffers *b)
{
	CHECK(!memcmp(b->text, b->back, TEXT_BYTES));
	CHECK(b->blocks == 0);
	memset(b->back, 0, TEXT_BYTES);
}

/* gzwrite() fills a pipe that another goroutine empties. */
struct pipe_end {
	int fd;
	const struct buffers *b;
};

static void write_gz(void *arg)
{
	struct pipe_end *e = arg;
	gzFile f = gzdopen(e->fd, "wb");

	CHECK(gzwrite(f, e->b->text, TEXT_BYTES) == TEXT_BYTES);
	CHECK(gzclose(f) == Z_OK);
}

static void through_a_pipe(struct buffers *b)
{
	struct pipe_end e = { .b = b };
	int fds[2];
	gzFile f;

	if (pipe2(fds, O_CLOEXEC)) {
		CHECK(!"pipe");
		return;
	}
	e.fd = fds[1];
	pgo_go(write_gz, &e);
	f = gzdopen(fds[0], "rb");
	CHECK(gzread(f, b->back, TEXT_BYTES) == TEXT_BYTES);
	CHECK(gzclose(f) == Z_OK);
	check(b);
}

static void one(int number)
{
	struct buffers *b = calloc(1, sizeof(*b));

	b->dice = (uint32_t)number * 2654435761u;
	fill(b);
	pack(b, 15);
	unpack(b);
	check(b);
	pack(b, -15);
	unpack_by_callbacks(b);
	check(b);
	if (number % 50 == 0)
		through_a_pipe(b);
	CHECK(crc32(0, b->text, TEXT_BYTES) != 0);
	free(b);
}

int main(int argc, char **argv)
{
	return crowd_run("zlib", one, argc, argv);
}
