#include "pgo-top/listing.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX (16 << 20)     /* bytes; longer ones are not looked into */

static bool is_called_source(const char *file)
{
	static const char *const ends[] = {
		".go", ".c", ".h", ".s", ".S", ".cc", ".cpp", ".cxx", ".hh",
		".hpp", ".inc", ".y", ".l",
	};
	const char *dot = strrchr(file, '.');

	for (size_t i = 0; dot && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(dot, ends[i]) == 0)
			return true;
	return false;
}

/* A stream of FILE, or NULL. */
static FILE *open_source(const char *file)
{
	struct stat st;
	FILE *f;
	int fd;

	if (!is_called_source(file))
		return NULL;
	fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_size > FILE_MAX) {
		close(fd);
		return NULL;
	}
	f = fdopen(fd, "r");
	if (!f)
		close(fd);
	return f;
}

/* Takes TEXT, a line, into OUT; tabs become blanks. */
static void take_line(char out[LISTING_LINE_BYTES], const char *text)
{
	size_t n = 0;

	for (; *text && *text != '\n' && n < LISTING_LINE_BYTES - 9; text++) {
		if (*text != '\t') {
			out[n++] = *text;
			continue;
		}
		do
			out[n++] = ' ';
		while (n % 8);
	}
	out[n] = 0;
}

struct listing *listing_new(const struct listing_want *want)
{
	struct listing *l = calloc(1, sizeof(*l));
	char *text = NULL;
	size_t room = 0;
	FILE *f;

	if (!l)
		return NULL;
	l->of = *want;
	l->first = want->line > LISTING_AROUND ? want->line - LISTING_AROUND :
						 1;
	f = open_source(want->file);
	if (!f)
		return l;
	for (uint32_t at = 1; l->n < LISTING_LINES &&
	     getline(&text, &room, f) >= 0; at++)
		if (at >= l->first)
			take_line(l->lines[l->n++], text);
	/* A file that ends before the line is another version of it. */
	if (l->first + l->n <= want->line)
		l->n = 0;
	free(text);
	fclose(f);
	return l;
}
