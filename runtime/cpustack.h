/* Whose stack an M is on when SIGPROF comes, and what lies on it. */
#ifndef PGO_RUNTIME_CPUSTACK_H
#define PGO_RUNTIME_CPUSTACK_H

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

/* stackwalk_setup(), for who wants ticks.  [any, before cpustack_take()] */
void cpustack_setup(void);

/* The cpu_stack_fn of M's: CTX is the struct m of the calling thread.  [sig] */

size_t cpustack_take(void *ctx, const ucontext_t *uc, uint64_t *pcs,
		     size_t max, uint64_t *tag);

#endif
