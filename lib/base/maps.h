/*
 * What is mapped where in a process: /proc/PID/maps as an array.
 *
 * The kernel writes the file piece by piece, so in a live process it is no
 * snapshot; a mapping is seen as it was at some moment during the read.
 * maps_read() and maps_parse() allocate, the rest does not.
 */
#ifndef LIB_BASE_MAPS_H
#define LIB_BASE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/err.h"

enum { MAP_R = 1, MAP_W = 2, MAP_X = 4, MAP_S = 8 };   /* S: shared */

#define MAPS_BYTES_MAX ((size_t)128 << 20)      /* of text; a million lines */

struct map {
	uint64_t start;         /* [start, end) */
	uint64_t end;
	uint64_t offset;        /* in the file, bytes */
	uint64_t inode;         /* 0: no file */
	uint32_t dev_major;
	uint32_t dev_minor;
	uint8_t perms;          /* MAP_R | ... */
	bool deleted;           /* the file is gone; path is what it was */
	const char *path;       /* "", a file, or "[stack]"; lives as maps */
};

struct maps {
	struct map *maps;       /* by address */
	size_t n;
	char *text;             /* where the paths are */
};

/* Reads those of PID, 0 being this process.  0 or -E with words in E. */
int maps_read(struct maps *m, pid_t pid, struct err *e);

/* Parses the N bytes of TEXT.  A line that is none is -EBADMSG. */
int maps_parse(struct maps *m, const char *text, size_t n, struct err *e);

void maps_release(struct maps *m);

/* The mapping that holds ADDR, or NULL. */
const struct map *maps_find(const struct maps *m, uint64_t addr);

#endif
