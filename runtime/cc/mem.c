/* Memory, strings and whole files for programs that live one command long. */

#include "runtime/cc/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *prog_name = "pgo-cc";

void die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", prog_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void *mem_grow(void *p, size_t bytes)
{
	p = realloc(p, bytes ? bytes : 1);
	if (!p)
		die("no memory for %zu bytes", bytes);
	return p;
}

void *mem_get(size_t bytes)
{
	return memset(mem_grow(NULL, bytes), 0, bytes);
}

char *str_copy(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(mem_get(n), s, n);
}

char *str_form(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	if (n < 0)
		die("no memory for a line");
	return s;
}

int str_begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

int str_ends(const char *s, const char *with)
{
	size_t n = strlen(s), w = strlen(with);

	return n >= w && !strcmp(s + n - w, with);
}

const char *str_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

void strs_add(struct strs *l, const char *s)
{
	if (l->n + 2 > l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->v = mem_grow(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = (char *)s;
	l->v[l->n] = NULL;
}

/* Fills BUF from FD; the number of bytes, or -1. */
static ssize_t read_all(int fd, char *buf, size_t bytes)
{
	size_t have = 0;
	ssize_t n;

	while (have < bytes) {
		n = read(fd, buf + have, bytes - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

char *file_read(const char *path, size_t max, size_t *bytes)
{
	char *buf = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size >= 0 &&
	    (size_t)st.st_size <= max) {
		buf = mem_get((size_t)st.st_size + 1);
		n = read_all(fd, buf, (size_t)st.st_size);
		if (n < 0) {
			free(buf);
			buf = NULL;
		} else if (bytes) {
			*bytes = (size_t)n;
		}
	}
	close(fd);
	return buf;
}

void file_write(const char *path, const void *data, size_t bytes)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(data, 1, bytes, f) != bytes)
		die("%s: cannot write: %s", path, strerror(errno));
	if (fclose(f))
		die("%s: cannot write: %s", path, strerror(errno));
}
