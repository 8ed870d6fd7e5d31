/* What is mapped in a process: /proc/PID/maps, parsed. */
#ifndef LIB_BASE_MAPS_H
#define LIB_BASE_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

struct map {
	uint64_t start, end;    /* [start, end) */
	uint64_t offset;        /* in the file */
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	char perms[5];          /* "r-xp" */
	const char *path;       /* lives with the list; "" for none */
};

struct maps {
	struct map *map;        /* by ascending address */
	size_t count;
	char *text;             /* what the paths point into */
};

enum { MAPS_MAX = 65536 };      /* more is -EFBIG */

/* PID 0 is this process.  0 or -E.  [any but g: allocates] */
int maps_read(struct maps *m, pid_t pid, struct err *e);
void maps_release(struct maps *m);

/* The one that holds ADDR, or NULL. */
const struct map *maps_find(const struct maps *m, uint64_t addr);

static inline bool map_is_code(const struct map *m)
{
	return m->perms[2] == 'x';
}

#endif
