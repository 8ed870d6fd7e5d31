#include "runtime/lines.h"

#include <fcntl.h>

#include "runtime/sys.h"

bool lines_open(struct lines *l, const char *path)
{
	l->at = 0;
	l->end = 0;
	l->fd = (int)sys_call(SYS_open, path, O_RDONLY | O_CLOEXEC, 0, 0);
	return l->fd >= 0;
}

void lines_close(struct lines *l)
{
	sys_call(SYS_close, l->fd, 0, 0, 0);
}

static int next_byte(struct lines *l)
{
	if (l->at == l->end) {
		long got = sys_call(SYS_read, l->fd, l->in, sizeof(l->in), 0);

		if (got <= 0)
			return -1;
		l->at = 0;
		l->end = (size_t)got;
	}
	return (unsigned char)l->in[l->at++];
}

char *lines_next(struct lines *l)
{
	size_t n = 0;
	int c = next_byte(l);

	if (c < 0)
		return NULL;
	for (; c >= 0 && c != '\n'; c = next_byte(l))
		if (n < sizeof(l->line) - 1)
			l->line[n++] = (char)c;
	l->line[n] = 0;
	return l->line;
}
