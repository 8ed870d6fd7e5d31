#ifndef PGO_CC_LIBC_H
#define PGO_CC_LIBC_H
/* What pgo knows about single functions of libc. */

#include "runtime/cc/names.h"
#include "runtime/cc/thunk.h"

/* The runtime defines __wrap_NAME itself: wrapped, but no thunk is made. */
int libc_is_own(const char *name);

/* Left alone: it returns twice, never runs in a goroutine, or must see its
 * caller's stack. */
int libc_is_bare(const char *name);

/* NAME returns twice: no thunk can be right. */
int libc_returns_twice(const char *name);

/* Hands out memory: a sanitizer wants to know for whom, and it never blocks. */
int libc_allocates(const char *name);

/* The names of those the runtime wraps, NULL-terminated. */
extern const char *const libc_own[];

/* Those of libgcc that walk the stack, NULL-terminated: what they are given is
 * in registers. */
extern const char *const libc_unwind[];

/* Fills T for NAME from its prototype; FUNCS tells which v-twins exist. */
void libc_thunk(struct thunk *t, const char *name, const struct names *protos,
		const struct names *funcs);

#endif
