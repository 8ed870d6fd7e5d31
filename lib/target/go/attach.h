/*
 * A Go program, recognized: its version, where its runtime keeps things, its
 * modules.  What all readers of Go programs begin with.
 *
 * The ladder: build info gives the version; the row of that version is
 * validated against memory; else the offsets of DWARF; else the neighbouring
 * rows; else it is refused and the reason said.  Variables are found by
 * symbol, or, in stripped programs, by what the code of well-known runtime
 * functions refers to.
 */
#ifndef LIB_TARGET_GO_ATTACH_H
#define LIB_TARGET_GO_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/target/go/offsets.h"
#include "lib/target/space.h"
#include "symbolizer/gosym.h"

struct image;

enum { GO_MODULES_MAX = 256 };

enum go_how { GO_BY_TABLE, GO_BY_NEIGHBOUR, GO_BY_DWARF };

/* The program, or a plugin it has loaded. */
struct go_module {
	uint64_t address;       /* of its moduledata */
	uint64_t minpc, maxpc;  /* [minpc, maxpc) */
	struct gosym *sym;      /* addresses are the process's */
	void *source;           /* what sym reads through */
};

/* Runtime variables, by their names; 0: not found. */
struct go_roots {
	uint64_t allgs, allglen, allgptr, allp, allm, sched, gomaxprocs;
	uint64_t wait_reasons;  /* runtime.waitReasonStrings */
	uint64_t mbuckets, mem_profile_rate, semtable;
	uint64_t firstmoduledata;
};

struct go {
	struct space *space;    /* the caller's */
	char version[64];       /* "go1.26.8" */
	int minor;              /* 26 */
	enum go_how how;
	char note[160];         /* what a user should know of that: "rows of
				 * 1.27 used for 1.28"; "" */
	struct go_offsets offsets;
	struct go_roots roots;
	struct go_module *modules;
	size_t module_count;
	char (*reasons)[48];    /* wait reasons, the target's own words */
	size_t reason_count;
	struct image *image;    /* of the program; what modules read */
	struct go_pcs *pcs;     /* of the modules; pcs.h */
};

/* Recognizes the program in S, which must outlive it.  0; -ENOENT when it is
 * no Go program; -ENOTSUP when it is one and cannot be read, and why in E; as
 * space_read(). */
int go_attach(struct go **out, struct space *s, struct err *e);
void go_detach(struct go *go);

/* The module that holds PC, or NULL. */
struct go_module *go_module_at(struct go *go, uint64_t pc);

static inline int32_t go_at(const struct go *go, enum go_field f)
{
	return go->offsets.at[f];
}

#endif
