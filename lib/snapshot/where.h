/* Where a goroutine stands: its stack in words. */
#ifndef LIB_SNAPSHOT_WHERE_H
#define LIB_SNAPSHOT_WHERE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/buf.h"
#include "lib/snapshot/snapshot.h"

/* Puts "leaf < caller < ..." of at most MAX frames, as the target wrote them;
 * the runtime's own frames at both ends are left out unless there is nothing
 * else.  "-" for a torn stack. */
void where_put(const struct snapshot *s, uint32_t stack, unsigned int state,
	       uint32_t max, struct buf *out);

/* The frame that begins with, 0 for a torn stack; and its function, a string
 * of S, 0 when there is none. */
uint32_t where_frame(const struct snapshot *s, uint32_t stack,
		     unsigned int state);
uint32_t where_func(const struct snapshot *s, uint32_t stack,
		    unsigned int state);

/* A frame as a word: its function, or its address. */
void frame_name(const struct snapshot *s, const struct snap_frame *f,
		struct buf *out);

/* Whether a frame is the runtime's, not the program's. */
bool frame_is_runtime(const struct snapshot *s, const struct snap_frame *f);

#endif
