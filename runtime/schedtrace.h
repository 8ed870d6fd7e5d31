/* SCHED lines on stderr, as asked for by SCHEDTRACE or GODEBUG. */
#ifndef PGO_RUNTIME_SCHEDTRACE_H
#define PGO_RUNTIME_SCHEDTRACE_H

#include <stdint.h>

struct text_sink;

/* When the next line is due, monotonic; INT64_MAX when none is asked for. */
int64_t schedtrace_next_ns(void);

/* Prints the line if it is due.  Never blocks for long: a reader that does not
 * read costs lines, and the next one says how many.  sysmon only. */
void schedtrace_tick(int64_t now_ns);

/* The line with detail, once, for a death; waits for its reader. */
void schedtrace_write(const struct text_sink *t);

#endif
