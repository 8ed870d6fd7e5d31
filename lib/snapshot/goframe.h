/* Which frames a Go program itself would show. */
#ifndef LIB_SNAPSHOT_GOFRAME_H
#define LIB_SNAPSHOT_GOFRAME_H

#include <stdbool.h>

/*
 * Whether Go's tracebacks show the function FUNC in FILE: the runtime's own
 * are hidden, but for exported ones.  LEAF is the innermost frame of a stack.
 * Where nothing of a stack is shown, Go shows all of it.
 * Source: showfuncinfo() in src/runtime/traceback.go.
 */
bool goframe_is_shown(const char *func, const char *file, bool leaf);

#endif
