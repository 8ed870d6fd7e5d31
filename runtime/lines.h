/* Small files of the kernel's, read line by line, without malloc. */
#ifndef PGO_RUNTIME_LINES_H
#define PGO_RUNTIME_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum { LINES_MAX = 4096 };

struct lines {
	int fd;
	size_t at, end;
	char in[512];
	char line[LINES_MAX];
};

/* False when the file cannot be opened. */
bool lines_open(struct lines *l, const char *path);
void lines_close(struct lines *l);

/* The next line, without its end and cut to LINES_MAX - 1 bytes; the caller
 * may change it, the next call does.  NULL after the last. */
char *lines_next(struct lines *l);

#endif
