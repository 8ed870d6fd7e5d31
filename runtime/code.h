/* Code of the program's, by its bytes. */
#ifndef PGO_RUNTIME_CODE_H
#define PGO_RUNTIME_CODE_H

#include <stdbool.h>
#include <stdint.h>

/* What the link says of all code.  [any, once] */
void code_setup(void);

/*
 * Whether a goroutine that stands at PC, on its own stack, may go on there on
 * another thread: PC is in a function of the program's, or of a library's that
 * pgo-cc has built, which touches no thread-local.  [sig]
 */
bool code_may_move(uintptr_t pc);

#endif
