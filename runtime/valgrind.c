/*
 * Valgrind, by requests that are a few instructions without effect on a
 * processor.
 *
 * It judges a jump of the stack pointer by where it lands: in another stack
 * that it was told of nothing has happened; else it is a frame made or left,
 * if not longer than two megabytes, and memory in between is fresh or gone.  So
 * each segment is a stack, and stacks that it does not know, signal handlers'
 * and threads', lie farther away than that.
 */
#include "runtime/fiber.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <valgrind/memcheck.h>
#include <valgrind/valgrind.h>

#include "runtime/sched.h"

enum {
	APART_BYTES = (2 << 20) + 4096, /* more than its --max-stackframe */
	CALLS_BYTES = 8192,     /* pgo_thunk_any copies 4096 of arguments */
};

/* A thread stack that it knows ends, for it, where memory of another kind
 * begins: hence no access on either side. */
void *fiber_map_apart(size_t bytes)
{
	char *p = sys_map(bytes + 2 * APART_BYTES);

	if (!p)
		return NULL;
	sys_call(SYS_mprotect, p, APART_BYTES, PROT_NONE, 0);
	sys_call(SYS_mprotect, p + APART_BYTES + bytes, APART_BYTES, PROT_NONE,
		 0);
	return p + APART_BYTES;
}

void fiber_unmap_apart(void *p, size_t bytes)
{
	sys_unmap((char *)p - APART_BYTES, bytes + 2 * APART_BYTES);
}

/* The number of a stack lies where nobody writes: above a contiguous one's
 * header, or above the canary. */
static uint64_t *number_of(struct seg *s)
{
	return seg_is_fixed(s) ? (uint64_t *)(s + 1) : (uint64_t *)s->low + 1;
}

void fiber_register(struct seg *s)
{
	*number_of(s) = VALGRIND_STACK_REGISTER(s->low, s);
}

void fiber_deregister(struct seg *s)
{
	VALGRIND_STACK_DEREGISTER(*number_of(s));
}

static _Atomic uint32_t calls_ended;

static void forget_calls(void)
{
	VALGRIND_ENABLE_ADDR_ERROR_REPORTING_IN_RANGE(0, UINTPTR_MAX >> 17);
}

/*
 * A call into C writes its arguments to the thread's stack while it is still
 * on the goroutine's, then goes there and pushes where it came from, one step
 * for valgrind: nobody has asked for those words.
 */
void fiber_begin_calls(void)
{
	char *here = __builtin_frame_address(0);

	VALGRIND_DISABLE_ADDR_ERROR_REPORTING_IN_RANGE(here - CALLS_BYTES,
						       CALLS_BYTES);
	/* A thread that begins while the program ends. */
	if (atomic_load(&calls_ended))
		forget_calls();
}

/* It asks, at the end, whether we have forgotten. */
void fiber_end_calls(void)
{
	atomic_store(&calls_ended, 1);
	forget_calls();
}

/* It may ask, while goroutines still run: their calls would be errors. */
static void at_exit(void)
{
	if (atomic_load(&sched.stopping))
		fiber_end_calls();
}

bool fiber_under_valgrind(void)
{
	if (!RUNNING_ON_VALGRIND)
		return false;
	atexit(at_exit);
	return true;
}
