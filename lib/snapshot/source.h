/*
 * Where snapshots come from: an agent, another process, a core, a recording.
 *
 * A source is opened by the function of its kind (source_agent_open()) and
 * used through these three.  One thread at a time; refreshing may take as long
 * as its kind's deadline says, so a screen does it in a thread of its own.
 */
#ifndef LIB_SNAPSHOT_SOURCE_H
#define LIB_SNAPSHOT_SOURCE_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"

struct source;

struct source_info {
	const char *kind;       /* "agent" */
	int64_t pid;            /* SNAP_UNKNOWN before the first refresh */
	char exe[4096];         /* its path, as the target gave it; "" for
				 * unknown */
};

struct source_ops {
	int (*refresh)(struct source *src, struct snapshot *s, struct err *e);
	void (*info)(const struct source *src, struct source_info *out);
	void (*close)(struct source *src);
};

/* The first member of every kind. */
struct source {
	const struct source_ops *ops;
};

/* Fills S, which is empty (snapshot_init()), with what is now.  0, or -E with
 * words in E: then S holds nothing of use, and trying again is fine. */
static inline int source_refresh(struct source *src, struct snapshot *s,
				 struct err *e)
{
	return src->ops->refresh(src, s, e);
}

/* What is known of the target. */
static inline void source_info(const struct source *src,
			       struct source_info *out)
{
	src->ops->info(src, out);
}

static inline void source_close(struct source *src)
{
	if (src)
		src->ops->close(src);
}

#endif
