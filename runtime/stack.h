/* How a goroutine's stack grows and shrinks. */
#ifndef PGO_RUNTIME_STACK_H
#define PGO_RUNTIME_STACK_H

#include <stddef.h>
#include <stdint.h>

struct g;
struct seg;

/*
 * __morestack's slow path: the segment the frame of FRAME bytes with ARGS bytes
 * of stack arguments shall live on, linked as GP->cur->next, or NULL when it
 * fits where SP is (only poison brought us here).  Fatal when memory is out.
 * On the M's stack, general registers only, no libc.
 */
struct seg *stack_grow(struct g *gp, size_t frame, size_t args, uintptr_t sp);

/* alloca() and variable arrays that do not fit: memory that lives until a
 * frame at or above SP allocates again or the segment goes.  [m] */
void *stack_alloca(size_t bytes, uintptr_t sp);

/* Gives back every segment above FROM, which is GP's current one or above it.
 * GP is off its stack and the caller's.  [m] */
void stack_trim(struct g *gp, struct seg *from);

/* The goroutine has ended: its alloca() blocks too.  [m] */
void stack_forget_allocas(struct g *gp);

#endif
