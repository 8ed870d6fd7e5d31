/*
 * Whole reads and writes.
 *
 * Sizes from fstat() are not believed: files in /proc say 0, and a growing
 * file says less than it gives.  Reads end at end of file or at the cap.
 */
#include "lib/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#define READ_BYTES 65536

/* Whether the call that failed is to be made again, after waiting if that
 * helps. */
static int again(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	if (errno == EINTR)
		return 1;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return 0;
	poll(&p, 1, -1);
	return 1;
}

int fd_write_all(int fd, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	ssize_t done;

	while (n > 0) {
		done = write(fd, p, n);
		if (done < 0 && !again(fd, POLLOUT))
			return -errno;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

/* One byte past the cap: is there more? */
static int expect_end(int fd)
{
	uint8_t one;
	ssize_t n;

	do {
		n = read(fd, &one, 1);
	} while (n < 0 && again(fd, POLLIN));
	if (n < 0)
		return -errno;
	return n == 0 ? 0 : -EFBIG;
}

int fd_read_all(int fd, struct buf *b, size_t cap)
{
	size_t want;
	uint8_t *p;
	ssize_t n;

	while (cap > 0) {
		want = cap < READ_BYTES ? cap : READ_BYTES;
		p = buf_reserve(b, want);
		if (!p)
			return buf_error(b);
		n = read(fd, p, want);
		if (n == 0)
			return 0;
		if (n < 0 && !again(fd, POLLIN))
			return -errno;
		if (n > 0) {
			b->len += (size_t)n;
			cap -= (size_t)n;
		}
	}
	return expect_end(fd);
}

int fd_slurp(const char *path, struct buf *b, size_t cap, struct err *e)
{
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, -errno, "%s", path);
	rc = fd_read_all(fd, b, cap);
	if (rc == -EFBIG)
		err_say(e, rc, "%s: more than %zu bytes", path, cap);
	else if (rc < 0)
		err_set(e, rc, "%s", path);
	close(fd);
	return rc;
}

void fd_raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < l.rlim_max) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
}

void fd_hold_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", fd == STDIN_FILENO ?
				   O_WRONLY : O_RDONLY);
}
