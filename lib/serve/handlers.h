/* One function per thing that can be asked for; serve.c says which. */
#ifndef LIB_SERVE_HANDLERS_H
#define LIB_SERVE_HANDLERS_H

#include "lib/serve/serve.h"

#define HANDLER(name) \
	void name(struct serve *s, const struct http_request *rq, \
		  struct http_reply *rp)

/* /debug/pprof/ */
HANDLER(handle_index);
HANDLER(handle_cmdline);
HANDLER(handle_cpu);
HANDLER(handle_symbol);
HANDLER(handle_goroutine);
HANDLER(handle_threadcreate);
HANDLER(handle_heap);
HANDLER(handle_allocs);

/* /debug/pgo/ */
HANDLER(handle_top);
HANDLER(handle_goroutines);
HANDLER(handle_one);
HANDLER(handle_sched);

#undef HANDLER

/* All goroutines in the form of Go's debug=2. */
void dump_write(const struct provider *p, struct buf *out);

#endif
