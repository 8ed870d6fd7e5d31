#include "runtime/text.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "runtime/sys.h"

void text_begin(struct text *t, int fd, char *buf, size_t size)
{
	t->fd = fd;
	t->error = 0;
	t->n = 0;
	t->size = size;
	t->buf = buf;
}

/* The descriptor may be another's, and non-blocking. */
static void wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	sys_call(SYS_poll, &p, 1, -1, 0);
}

int text_flush(struct text *t)
{
	size_t at = 0;

	while (at < t->n && !t->error) {
		long rc = sys_write(t->fd, t->buf + at, t->n - at);

		if (rc == -EAGAIN)
			wait_writable(t->fd);
		else if (rc < 0 && rc != -EINTR)
			t->error = (int)rc;
		else if (rc > 0)
			at += (size_t)rc;
	}
	t->n = 0;
	return t->error;
}

void text_put(struct text *t, const char *s, size_t n)
{
	while (n && !t->error) {
		size_t room = t->size - t->n;
		size_t now = n < room ? n : room;

		memcpy(t->buf + t->n, s, now);
		t->n += now;
		s += now;
		n -= now;
		if (t->n < t->size)
			continue;
		if (t->fd >= 0)
			text_flush(t);
		else if (n)
			t->error = -ENOSPC;
	}
}

void text_puts(struct text *t, const char *s)
{
	text_put(t, s, strlen(s));
}

void text_int(struct text *t, int64_t n)
{
	uint64_t u = n < 0 ? -(uint64_t)n : (uint64_t)n;
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	if (n < 0)
		text_put(t, "-", 1);
	text_put(t, digits + at, sizeof(digits) - at);
}

void text_hex(struct text *t, uint64_t n)
{
	char digits[18];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n);
	digits[--at] = 'x';
	digits[--at] = '0';
	text_put(t, digits + at, sizeof(digits) - at);
}

void text_field(struct text *t, const char *name, int64_t n)
{
	text_put(t, " ", 1);
	text_puts(t, name);
	text_put(t, "=", 1);
	text_int(t, n);
}
