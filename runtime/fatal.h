/*
 * Deaths of the program, in Go's form: one line, the goroutines GOTRACEBACK
 * asks for, exit status 2.  No malloc, no stdio.
 */
#ifndef PGO_RUNTIME_FATAL_H
#define PGO_RUNTIME_FATAL_H

#include <stdint.h>

struct dump;
struct g;
struct seg;

/* "fatal error: TEXT": the program as a whole cannot go on.  [any] */
_Noreturn void fatal_throw(const char *text);

/* "panic: TEXT": the calling goroutine misused something; its stack and where
 * it was created follow.  [any] */
_Noreturn void fatal_panic(const char *text);

/* The canary of a segment was overwritten: names the goroutine and the way
 * out.  [any], general registers only */
_Noreturn void fatal_overrun(const struct seg *s);

/* "fatal error: stack overflow": GP, the caller's, has no room at SP.  On the
 * M's stack, general registers only. */
_Noreturn void fatal_overflow(const struct g *gp, uintptr_t sp);

/* SIGQUIT: every goroutine's stack, exit status 2.  In the handler, on the
 * plain thread that takes signals. */
_Noreturn void fatal_quit(void);

/*
 * For a death that is told elsewhere: begin returns to one thread only and
 * gives it the dump to work with, the scheduler's lines written.  The
 * goroutines are those GOTRACEBACK asks for, dump->current first.  [sig]
 */
struct dump *fatal_begin(void);
void fatal_put_goroutines(void);
void fatal_flush(void);
_Noreturn void fatal_leave(void);

/* After fatal_begin(): that GP's stack is full, where SP is; how much it had,
 * and the way to more.  [sig] */
void fatal_put_overflow(const struct g *gp, uintptr_t sp);

/* Waits for the end when another thread is dying: its status counts.  Not in a
 * child of fork(), which that thread is not in.  [m] */
void fatal_let_die(void);

/* SIG kills from here on, past everything that wraps sigaction().  [sig] */
void fatal_set_default(int sig);

#endif
