/* The program's memory profile. */
#ifndef AGENT_HEAP_H
#define AGENT_HEAP_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "runtime/view.h"

/* As struct provider's heap(), of VIEW. */
int heap_write(const struct view *view, bool allocs, struct buf *out,
	       struct err *e);

#endif
