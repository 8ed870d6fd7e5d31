/* What a snapshot has not, and its user must know. */
#include "pgo-trace/dropped.h"

#include <inttypes.h>

#include "lib/base/log.h"

void tell_dropped(const char *name, const struct snapshot *s)
{
	if (s->dropped > 0)
		log_error("%s: %" PRId64 " goroutines or stacks made no sense "
			  "or no room, and are missing", name, s->dropped);
}
