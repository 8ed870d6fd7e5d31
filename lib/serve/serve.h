/*
 * /debug/pprof/ as net/http/pprof answers it, and /debug/pgo/: from a request
 * to its answer.  Knows no sockets and no runtime.
 */
#ifndef LIB_SERVE_SERVE_H
#define LIB_SERVE_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/serve/guard.h"
#include "lib/serve/http.h"
#include "lib/serve/provider.h"

enum {
	SERVE_BODY_MAX = 1 << 20,       /* bytes of a request's body */
	SERVE_ANSWER_MAX = 512 << 20,   /* bytes */
	SERVE_SECONDS_DEFAULT = 300,
};

struct serve {
	const struct provider *provider;
	struct guard guard;
	bool cmdline;                   /* may be shown */
	int64_t max_seconds;            /* of a profile over TCP */
};

/*
 * Answers RQ into RP, which is empty and the caller's; takes as long as the
 * profile that is asked for.  Several threads may do so at once.  [any but g:
 * allocates, 64 KB of stack]
 */
void serve_answer(struct serve *s, const struct http_request *rq,
		  struct http_reply *rp);

#endif
