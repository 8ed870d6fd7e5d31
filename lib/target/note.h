/*
 * The layout note of programs built on pgo, and what it leads to; see
 * include/pgo/layout.h.
 */
#ifndef LIB_TARGET_NOTE_H
#define LIB_TARGET_NOTE_H

#include <stdint.h>
#include <sys/types.h>

#include <pgo/layout.h>

struct elffile;
struct err;
struct space;

struct note {
	uint64_t offset;        /* of the descriptor in the file */
	int64_t distance;       /* from it to struct pgo_layout */
};

/* Finds the note in F.  0; -ENOENT when there is none; -EINVAL when the
 * program headers cannot be read.  Allocates nothing.  [any] */
int note_find(struct note *n, const struct elffile *f);

/*
 * Copies PID's struct pgo_layout (without its fields) to OUT, whose strings
 * then end.  0; -ENOENT when the program is none of pgo's; -ENODATA when its
 * version is unknown; -ESRCH, -EPERM and others, with words in E, which begin
 * with the pid.  Allocates.  [any but g]
 */
int note_layout(struct pgo_layout *out, pid_t pid, struct err *e);

/* The same of the program in S, and the ADDRESS of it in memory. */
int note_layout_of(struct pgo_layout *out, uint64_t *address, struct space *s,
		   struct err *e);

#endif
