/*
 * Each piece of a megabyte is a gzip file of its own, which side by side are
 * one: so memory stays small however large a dump is.
 */
#include "pgo-trace/archive.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/wire/gzip.h"
#include "lib/wire/ustar.h"

enum { PIECE_BYTES = 1 << 20 };

static int flush(struct archive *a, struct err *e)
{
	int rc = buf_error(&a->plain);

	buf_reset(&a->packed);
	if (rc == 0)
		rc = gzip_deflate(&a->packed, a->plain.data, a->plain.len);
	buf_reset(&a->plain);
	if (rc < 0)
		return err_set(e, rc, "archive");
	return output_write(a->to, a->packed.data, a->packed.len, e);
}

static int begin_file(struct archive *a, const char *name, uint64_t bytes,
		      struct err *e)
{
	char path[USTAR_NAME_MAX + 1];
	int rc;

	snprintf(path, sizeof(path), "%s/%s", a->folder, name);
	rc = ustar_file(&a->plain, path, bytes, time(NULL));
	return rc < 0 ? err_set(e, rc, "%s", name) : 0;
}

/* As many bytes as the header says, whatever the file has by now. */
static int copy(struct archive *a, int fd, uint64_t bytes, struct err *e)
{
	uint64_t at = 0;
	int rc = 0;

	while (rc == 0 && at < bytes) {
		size_t n = bytes - at < PIECE_BYTES ? bytes - at : PIECE_BYTES;
		uint8_t *to = buf_reserve(&a->plain, n);
		ssize_t got = to ? pread(fd, to, n, (off_t)at) : -1;

		if (got <= 0)
			return err_set(e, got < 0 ? -errno : -EIO, "archive");
		a->plain.len += (size_t)got;
		at += (uint64_t)got;
		if (a->plain.len >= PIECE_BYTES)
			rc = flush(a, e);
	}
	return rc;
}

int archive_fd(struct archive *a, const char *name, int fd, uint64_t *bytes,
	       struct err *e)
{
	struct stat st;
	int rc;

	if (fstat(fd, &st) < 0)
		return err_set(e, -errno, "%s", name);
	*bytes = (uint64_t)st.st_size;
	rc = begin_file(a, name, *bytes, e);
	if (rc == 0)
		rc = copy(a, fd, *bytes, e);
	if (rc == 0)
		ustar_pad(&a->plain, *bytes);
	return rc;
}

int archive_bytes(struct archive *a, const char *name, const void *p, size_t n,
		  struct err *e)
{
	int rc = begin_file(a, name, n, e);

	if (rc < 0)
		return rc;
	buf_put(&a->plain, p, n);
	ustar_pad(&a->plain, n);
	return a->plain.len >= PIECE_BYTES ? flush(a, e) : 0;
}

int archive_end(struct archive *a, struct err *e)
{
	ustar_end(&a->plain);
	return flush(a, e);
}

void archive_release(struct archive *a)
{
	buf_release(&a->plain);
	buf_release(&a->packed);
}
