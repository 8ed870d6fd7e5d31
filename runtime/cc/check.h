#ifndef PGO_CC_CHECK_H
#define PGO_CC_CHECK_H
/*
 * The link check: what split code calls must be split, or have a thunk.
 */

#include "runtime/cc/input.h"
#include "runtime/cc/mem.h"
#include "runtime/cc/names.h"
#include "runtime/cc/thunk.h"

struct check {
	struct names wraps;	/* libc functions with a prebuilt thunk */
	struct names defs;	/* what the user's objects define */
	struct names calls;	/* what split objects do not define */
	struct input **in;	/* the user's objects, in link order */
	size_t n_in, n_plain, n_split;
	struct strs shared;	/* shared libraries, in link order */
	int cxx;		/* C++'s library was taken in */
	int contiguous;		/* stacks take code of any kind */
	int stays;		/* so do calls: a sanitizer watches */

	/* The verdict. */
	struct thunk *thunks;	/* to be made, with their --wrap */
	size_t n_thunks;
	struct strs unwrapped;	/* libc's names the user defines himself */
};

/* Of an object, or of a program that was linked. */
#define NEEDS_EXEC_STACK "needs an executable stack, which goroutines have " \
	"not: it takes the address of a nested function (pass it what it uses)"

/* Takes one line of ld --trace: an object, a member, a library. */
void check_add(struct check *c, const char *line);

/* Reaches the verdict, or dies: the refusal in one line. */
void check_calls(struct check *c);

/*
 * Looks at the linked file: whether its LTO code has limit checks and keeps
 * none on stacks, and whether a call got past its thunk.  Returns what is
 * wrong, or NULL.
 */
const char *check_linked(const struct check *c, const char *path);

/* 1 when the program at PATH needs libraries other than libc, its kin and
 * those pgo-cc made. */
int check_needs_foreign(const struct check *c, const char *path);

#endif
