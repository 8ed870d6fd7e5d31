/*
 * Deaths of the program, in Go's form: one line, the goroutines GOTRACEBACK
 * asks for, exit status 2.  No malloc, no stdio.
 */
#ifndef PGO_RUNTIME_FATAL_H
#define PGO_RUNTIME_FATAL_H

struct seg;

/* Crash signals are told before they kill, where their disposition is the
 * default.  0 or -E.  [any, once] */
int fatal_setup(void);

/* "fatal error: TEXT": the program as a whole cannot go on.  [any] */
_Noreturn void fatal_throw(const char *text);

/* "panic: TEXT": the calling goroutine misused something; its stack and where
 * it was created follow.  [any] */
_Noreturn void fatal_panic(const char *text);

/* The canary of a segment was overwritten: names the goroutine and the way
 * out.  [any], general registers only */
_Noreturn void fatal_overrun(const struct seg *s);

/* SIGQUIT: every goroutine's stack, exit status 2.  In the handler, on the
 * plain thread that takes signals. */
_Noreturn void fatal_quit(void);

#endif
