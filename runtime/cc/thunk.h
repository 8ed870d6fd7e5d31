#ifndef PGO_CC_THUNK_H
#define PGO_CC_THUNK_H
/*
 * Thunks: how split code calls what was not built with limit checks.
 *
 * `ld --wrap=X` turns every call of X into one of __wrap_X.  That is a
 * thunk: it loads the address of __real_X, which is X again, and jumps to
 * one of four entries of the runtime, which run X on the thread's own stack.
 * They differ in what they know about the arguments.  A static link does
 * without --wrap: what calls X is renamed, and X means X.
 */

#include <stddef.h>

#include "runtime/cc/bytes.h"

enum thunk_kind {
	THUNK_REGS,	/* register arguments only; al is kept */
	THUNK_STACK,	/* exactly stack_bytes of arguments on the stack */
	THUNK_ANY,	/* unknown: copies what is there, 4096 bytes at most */
	THUNK_LEAF,	/* short, never blocks: stays on this stack */
	THUNK_VALIST,	/* variadic with a v-twin: builds its va_list */
};

struct thunk {
	const char *name;	/* X */
	const char *real;	/* what is called: X, or its v-twin */
	int direct;		/* by that name, and not by __real_X */
	enum thunk_kind kind;
	unsigned stack_bytes;	/* THUNK_STACK */
	unsigned named;		/* THUNK_VALIST: arguments before the ... */
};

/* One relocatable object with N thunks, each defining __wrap_NAME. */
void thunk_object(struct bytes *out, const struct thunk *t, size_t n);

#endif
