/*
 * Dead goroutines, to be used again.  A slot is of one kind for ever.
 */
#ifndef PGO_RUNTIME_GFREE_H
#define PGO_RUNTIME_GFREE_H

struct g;
struct p;

enum gfree_kind {
	GFREE_SEGMENTED,        /* keeps its first segment */
	GFREE_CONTIGUOUS,       /* keeps a contiguous stack of the usual size */
	GFREE_CACHED,           /* so many kinds lie on Ps too */
	GFREE_BARE = GFREE_CACHED, /* had a stack of another size: keeps none */
	GFREE_KINDS,
};

/* NULL when there is none of that kind.  [any] */
struct g *gfree_pop(enum gfree_kind kind);

/* GP is in state G_IDLE, gp->kind its list.  [any] */
void gfree_push(struct g *gp);

/* What PP, which nobody has, keeps is for all.  [any] */
void gfree_hand_on(struct p *pp);

#endif
