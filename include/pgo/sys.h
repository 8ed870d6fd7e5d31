/* Calls that must run on the thread's own big stack. */
#ifndef PGO_SYS_H
#define PGO_SYS_H

#include <pgo/cdefs.h>

PGO_BEGIN

/*
 * Calls FN(a, b, c, d, e) on the M's stack and returns what it returns.  For
 * functions no linker sees (a table of a foreign library), which know nothing
 * of segments.  Integer and pointer arguments only.  On a thread that runs no
 * goroutine it is a plain call.  [any]
 */
PGO_API void *pgo_sys(void *fn, ...);

/*
 * The same for a call that is known to wait: FN(ARG), and other goroutines have
 * the P at once, not only when the call has lasted for a while.  FN may be
 * ordinary code of the program.  [any]
 */
PGO_API void *pgo_blocking(void *(*fn)(void *arg), void *arg);

PGO_END

#endif
