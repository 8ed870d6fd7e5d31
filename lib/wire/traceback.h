/*
 * Goroutines as text, in the form of Go's dumps, so that what reads those
 * reads ours:
 *
 *   goroutine 18 [chan receive, 2 minutes]:
 *   worker(...)
 *   	/src/worker.c:41 +0x1d
 *   created by main in goroutine 1
 *   	/src/main.c:12 +0x2a
 *
 * and an empty line, which the caller puts, before the next.  Control
 * characters in names become '?': a dump is read by lines.  No memory, no
 * stdio.  [any, as far as the sink is]
 */
#ifndef LIB_WIRE_TRACEBACK_H
#define LIB_WIRE_TRACEBACK_H

#include <stdint.h>

#include "lib/wire/text.h"

/* STATE is the state or what is waited for; minutes only from 1 on; EXTRA is
 * one more remark, like "locked to thread", or NULL. */
void traceback_header(const struct text_sink *t, uint64_t id,
		      const char *state, uint64_t wait_minutes,
		      const char *extra);

/* One function.  OFFSET is the return address less the function's; 0, as of
 * inlined calls, is left out.  FILE is NULL or "" when unknown, and then there
 * is no line either. */
void traceback_frame(const struct text_sink *t, const char *function,
		     const char *file, uint32_t line, uint64_t offset);

/* N functions were left out here. */
void traceback_elided(const struct text_sink *t, uint64_t n);

/* Who made it, the last of a goroutine.  PARENT_ID is 0 when unknown. */
void traceback_created_by(const struct text_sink *t, const char *function,
			  uint64_t parent_id, const char *file, uint32_t line,
			  uint64_t offset);

#endif
