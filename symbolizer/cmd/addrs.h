/*
 * Addresses as they come: from arguments or lines.
 */
#ifndef SYMBOLIZER_CMD_ADDRS_H
#define SYMBOLIZER_CMD_ADDRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ADDR_LINE_BYTES_MAX 8192

/* Lines from a descriptor. */
struct lines_in {
	int fd;
	bool end;
	bool skipping;          /* the rest of a line too long */
	size_t at, len;         /* what of bytes is not yet taken */
	char bytes[ADDR_LINE_BYTES_MAX];
};

/* Hexadecimal, with or without 0x, blanks around it.  0 or -EINVAL. */
int addr_parse(const char *s, uint64_t *addr);

/* The next line without its newline, which lives until the next call; "" for
 * one too long.  NULL with *WAIT set when more must be read, by lines_fill();
 * NULL without at the end. */
char *lines_in_next(struct lines_in *in, bool *wait);

/* Waits for more.  0 or -E. */
int lines_fill(struct lines_in *in);

#endif
