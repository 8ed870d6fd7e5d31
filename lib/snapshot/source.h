/*
 * Where snapshots come from: an agent, another process, a core, a recording.
 *
 * A source is opened by the function of its kind (source_agent_open()) and
 * used through these.  One thread at a time; refreshing may take as long
 * as its kind's deadline says, so a screen does it in a thread of its own.
 */
#ifndef LIB_SNAPSHOT_SOURCE_H
#define LIB_SNAPSHOT_SOURCE_H

#include <errno.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/snapshot/snapshot.h"

struct source;

struct source_info {
	const char *kind;       /* "agent", "attach", "core" or "url" */
	int64_t pid;            /* SNAP_UNKNOWN before the first refresh */
	char exe[4096];         /* its path, as the target gave it; "" for
				 * unknown */
	char go[64];            /* the Go it was made by, "go1.26.8"; "" */
	char note[256];         /* what a user should know of how it is read:
				 * an unverified row of offsets; "" */
	int64_t dumped_ns;      /* wall clock when it was dumped to the core
				 * that is read; 0: it is alive */
};

struct groups;

/* DETAIL and FOLD may be NULL. */
struct source_ops {
	int (*refresh)(struct source *src, struct snapshot *s, struct err *e);
	void (*info)(const struct source *src, struct source_info *out);
	void (*close)(struct source *src);
	int (*detail)(struct source *src, int64_t id, struct snapshot *s,
		      struct err *e);
	int (*fold)(struct source *src, struct snapshot *s, struct groups *g,
		    struct err *e);
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

/*
 * Reads goroutine ID alone, and its stack also when it runs, which a refresh
 * does not where that means to interrupt a thread.  S, which is empty, gets
 * one row.  0, or -E with words in E: -ENOENT when there is no such goroutine,
 * -EOPNOTSUPP when the source knows no more than a refresh tells.
 */
static inline int source_detail(struct source *src, int64_t id,
				struct snapshot *s, struct err *e)
{
	if (!src->ops->detail)
		return err_say(e, -EOPNOTSUPP, "nothing more is known");
	return src->ops->detail(src, id, s, e);
}

/*
 * As a refresh and folding its rows into G, but the target folds: S has no
 * rows, and little is sent.  0, or -E with words in E: -EOPNOTSUPP when this
 * source cannot, -ERANGE when there are too many stacks for that; then refresh.
 */
static inline int source_fold(struct source *src, struct snapshot *s,
			      struct groups *g, struct err *e)
{
	if (!src->ops->fold)
		return err_say(e, -EOPNOTSUPP, "nothing is folded there");
	return src->ops->fold(src, s, g, e);
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
