/* Ctrl-C: whoever waits asks whether it came; a second one ends at once. */
#ifndef PGO_TRACE_INTERRUPT_H
#define PGO_TRACE_INTERRUPT_H

#include <stdbool.h>

/* From now on SIGINT and SIGTERM are only noted. */
void interrupt_begin(void);
bool interrupted(void);
/* Dies of the signal that came, so that a shell sees it. */
_Noreturn void interrupt_die(void);

#endif
