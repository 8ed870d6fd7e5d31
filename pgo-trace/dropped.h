#ifndef PGO_TRACE_DROPPED_H
#define PGO_TRACE_DROPPED_H

#include "lib/snapshot/snapshot.h"

/* Tells on stderr when goroutines or stacks of NAME are missing in S. */
void tell_dropped(const char *name, const struct snapshot *s);

#endif
