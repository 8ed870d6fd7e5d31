/*
 * The stack of one goroutine, as one list of pcs.
 *
 * Its pieces are the goroutine's segments and, where C or a callback runs, the
 * part of a thread's stack in use.  Who walks makes sure that they stand
 * still: the walker is the owner, or has claimed the goroutine.
 */
#ifndef PGO_RUNTIME_STACKWALK_H
#define PGO_RUNTIME_STACKWALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/sample/walk.h"

struct g;
struct m;

/* The functions no stack shows, by where they are; empty ones behind them.
 * Constant after stackwalk_setup(). */
enum { STACKWALK_HIDDEN = 10 };
extern struct walk_range stackwalk_hidden[STACKWALK_HIDDEN];

/* What lies at the stack pointer of a goroutine that left its M; see
 * amd64/switch.S. */
struct left {
	uintptr_t r15, r14, r13, r12, rbx, rbp, pc;
};

struct stackwalk {
	const struct g *g;      /* whose segments; NULL: none */
	struct walk_range stack; /* of a thread, as far as it is in use */
	uint64_t *pcs;          /* the first is exact, the others return
				 * addresses: for a name subtract 1 */
	size_t n, max;
	bool cut;               /* there were more than MAX */
	bool standing;          /* the innermost frame is a whole one, behind
				 * a call: its frame pointer is enough */
};

/* Looks up the program's call frame information and the runtime's own
 * functions that no stack shows; again it does nothing.  [any, before the
 * others] */
void stackwalk_setup(void);

/* Whether PC is code of the program's file, the runtime included. */
bool stackwalk_is_ours(uintptr_t pc);

/* The bounds of the function that holds PC, in the program or a library it was
 * started with; false when they are not known.  [sig] */
bool stackwalk_extent(uintptr_t pc, uintptr_t *low, uintptr_t *high);

/* Whether PC is in such a library that has thread-locals.  [sig] */
bool stackwalk_has_thread_locals(uintptr_t pc);

/* R, which stands on GP's own stack, becomes its caller: pc, sp and rbp.  False
 * when that is not known.  [sig] */
bool stackwalk_up(const struct g *gp, struct walk_regs *r);

/* Adds one pc. */
void stackwalk_add(struct stackwalk *w, uintptr_t pc);

/* Walks from R and adds what it finds; how the walk ended.  [sig] */
enum walk_end stackwalk_from(struct stackwalk *w, const struct walk_regs *r);

/* The stack of whoever goes on at PC, with FP and SP as they are there. */
void stackwalk_caller(struct stackwalk *w, uintptr_t pc, uintptr_t fp,
		      uintptr_t sp);

/* The word at ADDR; 0 when it is on no piece of the stack. */
uintptr_t stackwalk_word(const struct stackwalk *w, uintptr_t addr);

/*
 * The goroutine on M, which is in C and stays there (it is the caller's own,
 * m_begin_scan(), or it sleeps bound): the function called, then who called
 * it.
 */
void stackwalk_in_c(struct stackwalk *w, const struct m *m);

/* The goroutine on M, whose thread stands at R on its own stack, in C: frames
 * of callbacks first.  [sig] */
void stackwalk_thread(struct stackwalk *w, const struct m *m,
		      const struct walk_regs *r);

/* The goroutine that stands at R in a library, which it has called with no
 * thunk between: the function called, as far as it is known, then who called
 * it.  False, and no frames, when that is not found.  [sig] */
bool stackwalk_library(struct stackwalk *w, const struct walk_regs *r);

/* The caller's own stack: of its goroutine, if it runs one.  [any] */
void stackwalk_self(struct stackwalk *w);

/* GP, which nobody runs and which the caller has claimed with
 * gtab_begin_scan(): bound goroutines too.  One that never ran is its entry
 * function alone. */
void stackwalk_parked(struct stackwalk *w, const struct g *gp);

#endif
