/*
 * sigaltstack(): an M has a stack for handlers, and the program's, which may be
 * smaller, is not put in its place.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "runtime/sigmask.h"
#include "runtime/sys.h"
#include "runtime/wrapped.h"

enum { LEAST_STACK_BYTES = 2048 };

/* What the kernel would refuse is refused. */
static void *alt_stack(const stack_t *ss, stack_t *old)
{
	bool keeps = sigmask_is_shared();
	long rc;

	if (keeps && ss && !(ss->ss_flags & SS_DISABLE) &&
	    ss->ss_size < LEAST_STACK_BYTES)
		rc = -ENOMEM;
	else
		rc = sys_call(SYS_sigaltstack, keeps ? NULL : ss, old, 0, 0);
	return wrapped_result((int)rc);
}

PGO_API int __wrap_sigaltstack(const stack_t *ss, stack_t *old);

int __wrap_sigaltstack(const stack_t *ss, stack_t *old)
{
	return wrapped_int(alt_stack, ss, old);
}
