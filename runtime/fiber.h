/*
 * What those who watch a program's memory must be told of goroutines.
 *
 * Valgrind: where stacks are, or it takes a jump to another one for an enormous
 * frame.
 *
 * Nothing of it costs more than a test of one word when nobody watches.
 */
#ifndef PGO_RUNTIME_FIBER_H
#define PGO_RUNTIME_FIBER_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/seg.h"
#include "runtime/sys.h"

/* Constant after fiber_setup(). */
struct fiber_watch {
	bool valgrind;          /* the program runs under valgrind */
};

extern struct fiber_watch fiber_watch;

/* Looks who watches.  [any, once] */
void fiber_setup(void);

/*
 * The slow halves of what follows.  General registers only, for segments are
 * made while a call's vector arguments are live.
 */
void *fiber_map_apart(size_t bytes);
void fiber_unmap_apart(void *p, size_t bytes);
void fiber_register(struct seg *s);
void fiber_deregister(struct seg *s);
void fiber_begin_calls(void);

/* As sys_map() and sys_unmap(), for memory that becomes stacks.  [any] */
static inline void *fiber_map(size_t bytes)
{
	return __builtin_expect(fiber_watch.valgrind, 0) ?
		       fiber_map_apart(bytes) : sys_map(bytes);
}

static inline void fiber_unmap(void *p, size_t bytes)
{
	if (__builtin_expect(fiber_watch.valgrind, 0))
		fiber_unmap_apart(p, bytes);
	else
		sys_unmap(p, bytes);
}

/* S, canary and all, is a stack from now on; it will not be one any more.
 * [any] */
static inline void fiber_stack_made(struct seg *s)
{
	if (__builtin_expect(fiber_watch.valgrind, 0))
		fiber_register(s);
}

static inline void fiber_stack_gone(struct seg *s)
{
	if (__builtin_expect(fiber_watch.valgrind, 0))
		fiber_deregister(s);
}

/* The calling thread begins to run goroutines: what it calls for them in C
 * lies on its stack from about here on down.  [m] */
static inline void fiber_m_begin(void)
{
	if (__builtin_expect(fiber_watch.valgrind, 0))
		fiber_begin_calls();
}

#endif
