/* Groups: a waitgroup, a context, and the first result that is not 0. */
#include <pgo/group.h>

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <pgo/go.h>
#include <pgo/sema.h>
#include <pgo/waitgroup.h>

#include "runtime/slab.h"

struct pgo_group {
	struct pgo_ctx *ctx;
	struct pgo_waitgroup members;
	struct pgo_sema room;           /* when limited */
	int limited;
	int result;                     /* atomic: the first not 0 */
};

struct member {
	struct pgo_group *group;
	int (*fn)(struct pgo_ctx *ctx, void *arg);
	void *arg;
};

struct pgo_group *pgo_group_new(struct pgo_ctx *parent, int limit)
{
	struct pgo_group *g = slab_new(sizeof(*g));

	if (!g)
		return NULL;
	memset(g, 0, sizeof(*g));
	g->ctx = pgo_ctx_new(parent);
	if (!g->ctx) {
		slab_free(g, sizeof(*g));
		return NULL;
	}
	g->limited = limit > 0;
	if (g->limited)
		g->room.count_ = (uint32_t)limit;
	return g;
}

static void leave(struct pgo_group *g)
{
	if (g->limited)
		pgo_sema_release(&g->room);
	pgo_waitgroup_done(&g->members);
}

static void take_result(struct pgo_group *g, int result)
{
	int none = 0;

	if (result && __atomic_compare_exchange_n(&g->result, &none, result,
						  false, __ATOMIC_RELEASE,
						  __ATOMIC_RELAXED))
		pgo_ctx_cancel(g->ctx);
}

static void run_member(void *arg)
{
	struct member m = *(struct member *)arg;

	slab_free(arg, sizeof(m));
	take_result(m.group, m.fn(m.group->ctx, m.arg));
	leave(m.group);
}

int pgo_group_go(struct pgo_group *g,
		 int (*fn)(struct pgo_ctx *ctx, void *arg), void *arg)
{
	struct member *m = slab_new(sizeof(*m));
	int64_t id;

	if (!m)
		return -ENOMEM;
	*m = (struct member){ g, fn, arg };
	if (g->limited)
		pgo_sema_acquire(&g->room);
	pgo_waitgroup_add(&g->members, 1);
	id = pgo_go(run_member, m);
	if (id < 0) {
		slab_free(m, sizeof(*m));
		leave(g);
		return (int)id;
	}
	return 0;
}

int pgo_group_wait(struct pgo_group *g)
{
	int result;

	pgo_waitgroup_wait(&g->members);
	pgo_ctx_cancel(g->ctx);
	result = __atomic_load_n(&g->result, __ATOMIC_ACQUIRE);
	pgo_ctx_put(g->ctx);
	slab_free(g, sizeof(*g));
	return result;
}
