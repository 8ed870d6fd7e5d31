/* One request to a program without a server, answered as `serve` would. */
#ifndef PGO_TRACE_OUTSIDE_ASK_H
#define PGO_TRACE_OUTSIDE_ASK_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct outside;

/* Appends the answer to PATH?QUERY to OUT.  WAITING is asked ten times a second
 * while time passes; -E ends it.  0 or -E with words in E. */
int outside_ask(struct outside *o, const char *path, const char *query,
		int (*waiting)(void *ctx), void *ctx, struct buf *out,
		struct err *e);

/* Lines on stderr about NAME, as far as a user should know: what the last CPU
 * profile cost the target, and what is not in it. */
void outside_tell(struct outside *o, const char *name);

#endif
