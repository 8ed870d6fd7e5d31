#include "runtime/outfd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "runtime/sys.h"

/* The descriptor may be shared, and non-blocking by another's wish. */
static void wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	sys_call(SYS_poll, &p, 1, -1, 0);
}

int outfd_flush(struct outfd *o)
{
	size_t at = 0;

	while (at < o->n && !o->error) {
		long rc = sys_write(o->fd, o->buf + at, o->n - at);

		if (rc == -EAGAIN)
			wait_writable(o->fd);
		else if (rc < 0 && rc != -EINTR)
			o->error = (int)rc;
		else if (rc > 0)
			at += (size_t)rc;
	}
	o->n = 0;
	return o->error;
}

static void put(void *ctx, const char *p, size_t n)
{
	struct outfd *o = ctx;

	while (n && !o->error) {
		size_t room = o->size - o->n;
		size_t now = n < room ? n : room;

		memcpy(o->buf + o->n, p, now);
		o->n += now;
		p += now;
		n -= now;
		if (o->n == o->size)
			outfd_flush(o);
	}
}

void outfd_begin(struct outfd *o, int fd, char *buf, size_t size)
{
	*o = (struct outfd){
		.sink = { put, o },
		.fd = fd,
		.size = size,
		.buf = buf,
	};
}
