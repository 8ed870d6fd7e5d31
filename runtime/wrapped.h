/*
 * Functions of libc that the runtime defines anew, as __wrap_NAME.
 *
 * They are entered on a goroutine's stack; what does their work runs on the
 * thread's and returns a pointer, as all that pgo_sys() calls.
 */
#ifndef PGO_RUNTIME_WRAPPED_H
#define PGO_RUNTIME_WRAPPED_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include <pgo/cdefs.h>
#include <pgo/sys.h>

/* wrapped_int(FN, ...) is the int that FN returns as a pointer.  [any] */
#define wrapped_int(...) ((int)(intptr_t)pgo_sys((void *)__VA_ARGS__))

/* 0 or -E as C has it: 0, or -1 and errno.  [m] */
static inline void *wrapped_result(int rc)
{
	if (!rc)
		return NULL;
	errno = -rc;
	return (void *)(intptr_t)-1;
}

/* libc's other name for the function OF. */
#define WRAPPED_ALSO(name, of) \
	PGO_API extern __typeof(of) name __attribute__((alias(#of)))

#endif
