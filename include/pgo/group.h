/* Goroutines that work on one thing; the first that fails stops the rest. */
#ifndef PGO_GROUP_H
#define PGO_GROUP_H

#include <pgo/cdefs.h>
#include <pgo/ctx.h>

PGO_BEGIN

struct pgo_group;

/* A group whose members get a context made of PARENT, at most LIMIT of them
 * at a time (0: any number).  NULL when memory is out.  [any] */
PGO_API struct pgo_group *pgo_group_new(struct pgo_ctx *parent, int limit);

/*
 * Calls FN(ctx, ARG) on a goroutine of its own; parks while LIMIT of them
 * run.  What FN returns first that is not 0 is the group's result, and its
 * context is cancelled then.  0, or -E when no goroutine can be had.  [any]
 */
PGO_API int pgo_group_go(struct pgo_group *g,
			 int (*fn)(struct pgo_ctx *ctx, void *arg), void *arg);

/* Parks until all have returned, cancels the context, gives the group back and
 * returns its result: 0, or what failed first.  Nobody may use G any more.
 * [any] */
PGO_API int pgo_group_wait(struct pgo_group *g);

PGO_END

#endif
