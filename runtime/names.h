/*
 * Names of functions in this process, the program's and its libraries', by
 * their ELF symbols.  No malloc: the crash may have been in it.
 */
#ifndef PGO_RUNTIME_NAMES_H
#define PGO_RUNTIME_NAMES_H

#include <stdbool.h>
#include <stdint.h>

struct name {
	const char *func;       /* NULL: no symbol */
	uint64_t offset;        /* of the pc in it */
	const char *file;       /* the program or library; NULL: none mapped */
	uint64_t file_address;  /* of the pc in it; 0: not known */
	bool is_program;        /* the file is the program's own */
};

/* Looks PC up.  A return address must come less 1.  Strings live for ever.
 * [any but g] */
void names_find(uintptr_t pc, struct name *out);

/* The process dies: from here on who holds the names is not waited for long;
 * he may be the one who dies.  [any] [sig] */
void names_hurry(void);

/* Whether a stack shows PC to users: not the runtime's own functions, but what
 * a program calls by name: pgo_*, and libc's that are wrapped.  A return
 * address must come less 1. */
bool names_is_shown(uintptr_t pc);

/* Whether PC is the runtime's code. */
bool names_is_runtime(uintptr_t pc);

#endif
