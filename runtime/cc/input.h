#ifndef PGO_CC_INPUT_H
#define PGO_CC_INPUT_H
/*
 * One object that a link takes in, and what it says about itself: whether
 * its functions check their stack, what it defines, what it calls.
 */

#include <libelf.h>

#include "runtime/cc/names.h"

struct input {
	const char *label;	/* "main.o", "libz.a(inflate.o)" */
	const char *path;	/* the file, or the archive */
	const char *member;	/* in the archive, or NULL */
	Elf *elf;
	int split;		/* its functions check the stack limit */
	int lto;		/* holds intermediate code, no functions */
	int exec_stack;		/* asks for a stack that code can run on */
	size_t n_unchecked;	/* functions of a split object that do not */
};

/* 0 when the linker compiles no LTO code: objects count by their own code. */
extern int input_plugin;

/* A definition as names hold it: p is its struct input, v one of these. */
enum { DEF_DATA = 1, DEF_SPLIT, DEF_PLAIN };

/* The object PATH, or of the archive PATH the NTH member named MEMBER, from 0;
 * NULL when there is none. */
struct input *input_open(const char *path, const char *member, int nth);

/* Adds what IN calls or refers to and does not define; p = IN when new. */
void input_calls(struct input *in, struct names *calls);

/* Adds what IN defines for others; of two definitions of a name the one
 * without limit checks stays. */
void input_defs(struct input *in, struct names *defs);

/* Adds the names of all functions IN defines, local ones too. */
void input_functions(struct input *in, struct names *funcs);

#endif
