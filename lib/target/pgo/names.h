/*
 * From addresses in a program to functions, files and lines: by the files that
 * are mapped, each opened once, each address looked up once.
 */
#ifndef LIB_TARGET_PGO_NAMES_H
#define LIB_TARGET_PGO_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/hash.h"
#include "lib/snapshot/snapshot.h"
#include "lib/target/space.h"

struct pgo_file;
struct pgo_place;

/* All zero but the space is ready. */
struct pgo_names {
	struct space *space;            /* lives longer */
	uint64_t text, text_end;        /* the runtime's own code */
	struct pgo_file *files;
	size_t file_count;
	struct pgo_place *places;
	uint32_t place_count;
	size_t place_room;
	struct hash known;
	uint32_t epoch;                 /* +1 per snapshot */
	bool remapped;                  /* in this one */
};

void pgo_names_release(struct pgo_names *n);

/* A new snapshot begins: ids of strings mean nothing any more. */
void pgo_names_begin(struct pgo_names *n);

/* The frames at ADDRESS, innermost first, *COUNT of them, their strings in S;
 * pcs and offsets are the caller's to set.  For a return address pass it less
 * 1.  None: NULL.  Until the next call. */
const struct snap_frame *pgo_names_frames(struct pgo_names *n,
					  struct snapshot *s,
					  uint64_t address, uint32_t *count);

/* The file that ADDRESS is mapped of: where it can be opened, and the address
 * in it.  False when it is not to be had. */
bool pgo_names_file(struct pgo_names *n, uint64_t address, char *path,
		    size_t room, uint64_t *in_file);

/* Whether stacks show ADDRESS: not the runtime's inner functions. */
bool pgo_names_shown(struct pgo_names *n, uint64_t address);

#endif
