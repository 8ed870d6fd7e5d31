/*
 * Reading lines, so that the caller knows when it would have to wait: that is
 * when it must have written its answers, be it to a file or to a program that
 * waits for them.
 */
#include "symbolizer/cmd/addrs.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int addr_parse(const char *s, uint64_t *addr)
{
	unsigned long v;
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	if (!isxdigit((unsigned char)*s))
		return -EINVAL;
	errno = 0;
	v = strtoul(s, &end, 16);
	while (isspace((unsigned char)*end))
		end++;
	if (errno || *end)
		return -EINVAL;
	*addr = v;
	return 0;
}

/* Ends the line at N bytes from here, TAKEN bytes of which belong to it. */
static char *take_line(struct lines_in *in, size_t n, size_t taken)
{
	char *line = in->bytes + in->at;

	line[n] = 0;
	in->at += taken;
	if (in->skipping)
		line = line + n;
	in->skipping = false;
	return line;
}

char *lines_in_next(struct lines_in *in, bool *wait)
{
	char *from = in->bytes + in->at, *newline;
	size_t left = in->len - in->at;

	*wait = false;
	newline = memchr(from, '\n', left);
	if (newline)
		return take_line(in, (size_t)(newline - from),
				 (size_t)(newline - from) + 1);
	if (in->end)
		return left ? take_line(in, left, left) : NULL;
	if (left == sizeof(in->bytes) - 1) {
		in->skipping = true;
		in->at = in->len = 0;
	}
	*wait = true;
	return NULL;
}

int lines_fill(struct lines_in *in)
{
	size_t left = in->len - in->at;
	ssize_t n;

	memmove(in->bytes, in->bytes + in->at, left);
	in->at = 0;
	in->len = left;
	do
		n = read(in->fd, in->bytes + left,
			 sizeof(in->bytes) - 1 - left);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	in->end = n == 0;
	in->len += (size_t)n;
	return 0;
}
