/*
 * Asking a thread that runs a goroutine where it stands: by SIGPROF, whose
 * handler walks the stack it interrupted.  Goroutines that nobody runs, or
 * that are in C, are read without a signal.
 */
#ifndef PGO_RUNTIME_PROBE_H
#define PGO_RUNTIME_PROBE_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/cpustack.h"

struct g;
struct m;

struct probe {
	size_t n;               /* of pcs; 0: it did not answer */
	uint32_t segments;
	uint64_t pcs[1024];
};

/* Asks M for the stack of GP, which it ran a moment ago; waits at most 10 ms.
 * One at a time.  [any but g] */
void probe_ask(struct m *m, const struct g *gp, struct probe *out);

/* The handler's part: answers if this thread was asked.  [sig] */
void probe_answer(const ucontext_t *uc);

#endif
