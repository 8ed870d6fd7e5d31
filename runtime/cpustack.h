/* Whose stack an M is on when SIGPROF comes, and what lies on it. */
#ifndef PGO_RUNTIME_CPUSTACK_H
#define PGO_RUNTIME_CPUSTACK_H

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

/* Looks up the program's call frame information and the runtime's own
 * functions, which no stack shows.  [any, once, before cpustack_take()] */
void cpustack_setup(void);

/* The cpu_stack_fn of M's: CTX is the struct m of the calling thread.  [sig] */
size_t cpustack_take(void *ctx, const ucontext_t *uc, uint64_t *pcs,
		     size_t max, uint64_t *tag);

#endif
