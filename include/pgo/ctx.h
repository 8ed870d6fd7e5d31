/*
 * Contexts: who may still want the result.  A context ends when it is
 * cancelled, when its deadline passes, or when the one it was made of ends.
 */
#ifndef PGO_CTX_H
#define PGO_CTX_H

#include <stdint.h>

#include <pgo/cdefs.h>
#include <pgo/chan.h>

PGO_BEGIN

struct pgo_ctx;

/* The one all others are made of.  It never ends; it need not be put.
 * [any] */
PGO_API struct pgo_ctx *pgo_ctx_background(void);

/*
 * A child of PARENT, which it keeps alive: one that can be cancelled; one that
 * also ends at DEADLINE_NS on the monotonic clock; one that knows VALUE by
 * KEY.  Each belongs to the caller until pgo_ctx_put().  NULL when memory is
 * out.  [any]
 */
PGO_API struct pgo_ctx *pgo_ctx_new(struct pgo_ctx *parent);
PGO_API struct pgo_ctx *pgo_ctx_until(struct pgo_ctx *parent,
				      int64_t deadline_ns);
PGO_API struct pgo_ctx *pgo_ctx_with(struct pgo_ctx *parent, const void *key,
				     void *value);

/* One more who uses C, which is returned; one less.  The last put does not
 * cancel its children, which there are none of: they keep it.  [any] */
PGO_API struct pgo_ctx *pgo_ctx_get(struct pgo_ctx *c);
PGO_API void pgo_ctx_put(struct pgo_ctx *c);

/* Ends C and all below it.  Again, or of the background: nothing.  [any] */
PGO_API void pgo_ctx_cancel(struct pgo_ctx *c);

/* A channel that is closed when C ends, for a select; NULL when it never
 * does.  It lives as long as C.  [any] */
PGO_API struct pgo_chan *pgo_ctx_done(struct pgo_ctx *c);

/* 0 while it goes on, -ECANCELED, or -ETIMEDOUT after a deadline.  [any] */
PGO_API int pgo_ctx_err(const struct pgo_ctx *c);

/* The earliest deadline there is, INT64_MAX for none.  [any] */
PGO_API int64_t pgo_ctx_deadline(const struct pgo_ctx *c);

/* What KEY stands for, in C or where it comes from; NULL for nothing.  Keys
 * are compared by address.  [any] */
PGO_API void *pgo_ctx_value(const struct pgo_ctx *c, const void *key);

PGO_END

#endif
