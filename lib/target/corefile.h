/*
 * A core file, taken apart: what lies where in it, and what its notes tell.
 *
 * Read piece by piece: a core of a Go program is a GB of holes.  All of it is
 * hostile; one that was cut off is read as far as it goes.
 */
#ifndef LIB_TARGET_COREFILE_H
#define LIB_TARGET_COREFILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/elffile.h"
#include "lib/base/err.h"
#include "lib/target/space.h"

struct corefile_segment {
	uint64_t address;
	uint64_t bytes;         /* in memory */
	uint64_t dumped;        /* of them in the core, when it was whole */
	uint64_t had;           /* and in what is left of it */
	uint64_t offset;
	uint8_t perms;          /* MAP_R | ... */
};

/* What was mapped of a file. */
struct corefile_mapping {
	uint64_t start, end;
	uint64_t offset;        /* in the file, bytes */
	const char *path;       /* lives as the struct corefile */
};

struct corefile_thread {
	pid_t tid;
	struct space_regs regs;
};

struct corefile {
	struct elffile elf;
	struct corefile_segment *segments;      /* by address, none overlap */
	size_t segment_count;
	struct corefile_mapping *mappings;      /* by address, none overlap */
	size_t mapping_count;
	char *names;
	struct corefile_thread *threads;        /* as in the file: who died
						 * first */
	size_t thread_count, thread_room;
	pid_t pid;
	char command[17];       /* "" when it does not tell */
	uint64_t entry;         /* of the auxiliary vector; 0: unknown */
	uint64_t headers;       /* where the program's own are in memory */
	uint64_t vdso;
	uint64_t missing;       /* bytes that were cut off */
};

/* 0; -E of open(2); -EINVAL when it is no core file or too little of it is
 * left to be of use; with words in E. */
int corefile_open(struct corefile *c, const char *path, struct err *e);

/* The same over SIZE bytes that lie as in the file. */
int corefile_open_image(struct corefile *c, const void *image, uint64_t size,
			struct err *e);
void corefile_close(struct corefile *c);

/* What holds ADDRESS, or NULL. */
const struct corefile_segment *corefile_segment(const struct corefile *c,
						uint64_t address);
const struct corefile_mapping *corefile_mapping(const struct corefile *c,
						uint64_t address);

/* Copies what the core itself has at ADDRESS, at most N bytes; how many, 0 when
 * there is nothing. */
size_t corefile_read(const struct corefile *c, uint64_t address, void *out,
		     size_t n);

#endif
