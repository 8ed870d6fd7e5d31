/*
 * The child of a fork().
 *
 * Of all threads it has the one that forked.  Goroutines would wait for Ms that
 * are not there, and locks for holders that are not: so whatever would need
 * either dies with a line.  C calls, exec and _exit work; so does the growth of
 * the one stack it may be on.
 */
#ifndef PGO_RUNTIME_FORKED_H
#define PGO_RUNTIME_FORKED_H

#include <stdbool.h>

extern bool is_forked;

/* From now on a fork() of the process is noticed.  0 or -E.  [any, once] */
int forked_setup(void);

_Noreturn void forked_die(void);

/* Dies in a child of fork().  [any] */
static inline void forked_check(void)
{
	if (__builtin_expect(is_forked, 0))
		forked_die();
}

#endif
