/*
 * pgo-sym --serve: the lines between it and whoever asks.
 *
 * The child has one stream socket as its descriptor 0 (with a pipe there, it
 * answers on 1).  A request is
 *
 *   MODULE_PATH <tab> BUILD_ID <tab> 0xADDRESS <newline>
 *
 * ADDRESS is one of the file, in hex, and lies in the instruction meant: for a
 * return address, one less.  BUILD_ID is hex or empty; when it is given and is
 * not the file's, nothing is known.  The answer has a line a frame, innermost
 * first, and an empty line at the end:
 *
 *   FUNC <tab> LINKAGE <tab> FILE <tab> LINE <tab> COLUMN <tab> START_LINE
 *   <tab> INLINED <newline>
 *
 * FUNC is for people (demangled), LINKAGE for linkers; what is not known is
 * empty or 0; INLINED is 1 when the function is part of the next one.  In the
 * fields a tab is \t, a newline \n and a backslash \\.  Requests may be sent
 * before answers have come; answers keep their order.  A request that is none
 * gets the empty line.  The end of the stream ends the child.
 */
#ifndef SYMBOLIZER_SERVE_H
#define SYMBOLIZER_SERVE_H

#include <stddef.h>

#define SERVE_REQUEST_BYTES_MAX 8192    /* with its newline */
#define SERVE_REQUEST_FIELDS 3
#define SERVE_FRAME_FIELDS 7

/* Turns the escapes of the field S into what they stand for, in place. */
static inline void serve_unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (*s != '\\' || !s[1]) {
			*out++ = *s;
			continue;
		}
		s++;
		*out++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
	}
	*out = 0;
}

/* Cuts LINE, without its newline, into at most MAX fields at its tabs; how many
 * there are, MAX + 1 when more.  FIELD points into LINE. */
static inline size_t serve_split(char *line, char **field, size_t max)
{
	size_t n = 0;

	for (;;) {
		if (n == max)
			return max + 1;
		field[n++] = line;
		while (*line && *line != '\t')
			line++;
		if (!*line)
			return n;
		*line++ = 0;
	}
}

#endif
