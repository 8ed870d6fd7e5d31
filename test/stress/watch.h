/* A plain thread that sees when nothing goes on any more. */
#ifndef PGO_TEST_STRESS_WATCH_H
#define PGO_TEST_STRESS_WATCH_H

#include <stdatomic.h>

/* Every goroutine adds to it now and then. */
extern _Atomic long watch_progress;

/* Begins: when watch_progress stands still for half a minute, the program says
 * so, dumps all goroutines on stderr and exits with 1. */
void watch_begin(void);

/* Descriptors the process has open. */
int watch_descriptors(void);

/* KiB of memory the process holds. */
long watch_resident_kib(void);

#endif
