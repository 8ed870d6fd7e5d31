/* Snapshots of whoever answers behind an address, TCP or a unix socket: an
 * agent, or a Go program's net/http/pprof. */
#ifndef LIB_SNAPSHOT_SOURCE_URL_H
#define LIB_SNAPSHOT_SOURCE_URL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/snapshot/source.h"
#include "lib/wire/http.h"

#define SOURCE_URL_DEADLINE_NS INT64_C(5000000000)      /* of one request */

/*
 * 0 or -ENOMEM; nothing is asked yet.  ADDRESS is copied; its path is what
 * comes before "/debug/...", usually "" or "/".  FULL is as in
 * source_pprof_open().
 * Once *STOP, which may be NULL, is set by another thread, a refresh ends
 * with -ECANCELED within a tenth of a second.
 */
int source_url_open(struct source **out, const struct http_url *address,
		    const atomic_bool *stop, bool full);

#endif
