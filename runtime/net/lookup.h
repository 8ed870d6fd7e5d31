/* What there is to dial, names included, in time. */
#ifndef PGO_RUNTIME_NET_LOOKUP_H
#define PGO_RUNTIME_NET_LOOKUP_H

#include <stdint.h>

#include "runtime/net/addr.h"

/*
 * What TEXT stands for in network NET, to dial.  0; -ETIMEDOUT at DEADLINE_NS
 * on the monotonic clock (0: never), whatever a name server does; else as
 * addrs_read() and addrs_look_up().  [m]
 */
int lookup(struct addrs *out, const char *net, const char *text,
	   int64_t deadline_ns);

#endif
