/* Goroutines as text, in the form of Go's debug=2. */
#ifndef PGO_RUNTIME_DUMP_H
#define PGO_RUNTIME_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/source.h"

struct g;
struct text_sink;

enum { DUMP_PCS = 1024 };       /* frames of one goroutine that are looked at */

/* Room to work in; too large for a signal stack beside others. */
struct dump {
	const struct text_sink *out;
	bool system;            /* the runtime's own frames too */
	const struct g *current; /* left out by dump_others(); may be NULL */
	size_t n;
	bool cut;               /* there are more than pcs hold */
	uint64_t pcs[DUMP_PCS];
	struct source source;   /* source_end() when the dump is over */
};

/* D->current, running, with the stack in D->pcs.  On a big stack. */
void dump_current(struct dump *d);

/* Whether GP is asked for.  Its stack is in D->pcs as it was walked; it has
 * none while it runs elsewhere. */
typedef bool dump_wants(struct dump *d, const struct g *gp, void *ctx);

/* Every other goroutine that WANTS says yes to, by slot: how many.  Stops
 * nobody: who runs elsewhere shows no stack.  They are counted only when
 * D->out is NULL.  On a big stack. */
size_t dump_some(struct dump *d, dump_wants *wants, void *ctx);

/* The same for all others. */
void dump_others(struct dump *d);

#endif
