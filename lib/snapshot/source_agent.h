/* Snapshots by the answers of an agent: /debug/pgo/goroutines, page by page,
 * and /debug/pgo/sched. */
#ifndef LIB_SNAPSHOT_SOURCE_AGENT_H
#define LIB_SNAPSHOT_SOURCE_AGENT_H

#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/snapshot/source.h"

/* Rows asked for at a time. */
#define SOURCE_AGENT_PAGE 2000

/*
 * How to get PATH from the agent: appends the body, at most CAP bytes, to BODY.
 * 0, or -E with words in E, also for a status other than 200.
 */
typedef int source_fetch_fn(void *ctx, const char *path, size_t cap,
			    struct buf *body, struct err *e);

/* 0 or -ENOMEM; nothing is fetched yet.  CTX must live until CLOSE_CTX gets
 * it, at source_close(); CLOSE_CTX may be NULL. */
int source_agent_open(struct source **out, source_fetch_fn *fetch, void *ctx,
		      void (*close_ctx)(void *ctx));

#endif
