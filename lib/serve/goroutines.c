#include "lib/serve/goroutines.h"

#include "lib/base/err.h"
#include "lib/serve/stacks.h"

bool look_begin(const struct provider *p, struct http_reply *rp)
{
	struct err e = { 0 };

	if (!p->begin || !p->begin(p->ctx, &e))
		return true;
	http_pprof_error(rp, 503, "%s", e.text);
	return false;
}

void look_end(const struct provider *p)
{
	if (p->end)
		p->end(p->ctx);
}

bool goroutine_next(const struct provider *p, uint32_t *slot,
		    struct goroutine *out)
{
	uint32_t end = p->slots(p->ctx);

	while (*slot < end) {
		int n;

		out->slot = (*slot)++;
		n = p->goroutine(p->ctx, out->slot, &out->g, out->pcs,
				 SERVE_PCS_MAX);
		if (n < 0)
			continue;
		out->n = n < SERVE_PCS_MAX ? (uint32_t)n : SERVE_PCS_MAX;
		if (!out->n && out->g.entry_pc)
			out->pcs[out->n++] = out->g.entry_pc + p->go;
		return true;
	}
	return false;
}

bool goroutine_find(const struct provider *p, int64_t id,
		    struct goroutine *out)
{
	uint32_t slot = 0;

	while (goroutine_next(p, &slot, out))
		if (out->g.id == id)
			return true;
	return false;
}

bool goroutine_creator(const struct provider *p, const struct serve_g *g,
		       struct serve_frame *out, uint64_t *offset)
{
	const struct serve_frame *f;

	*offset = g->created.offset;
	*out = (struct serve_frame){
		.func = g->created.func,
		.file = g->created.file,
		.line = g->created.line,
	};
	if (!g->created_pc)
		return out->func && *out->func;
	if (!p->frames(p->ctx, g->created_pc - 1, &f))
		return false;
	*out = *f;
	*offset = f->entry && g->created_pc > f->entry ?
		  g->created_pc - f->entry : 0;
	return true;
}

const char *state_name(enum serve_state state)
{
	static const char *const names[SERVE_STATES] = {
		[SERVE_RUNNABLE] = "runnable",
		[SERVE_RUNNING] = "running",
		[SERVE_SYSCALL] = "syscall",
		[SERVE_WAITING] = "waiting",
	};

	return (unsigned int)state < SERVE_STATES && names[state] ?
		       names[state] : "idle";
}

const char *goroutine_state(const struct serve_g *g)
{
	if (g->state == SERVE_WAITING && g->reason && *g->reason)
		return g->reason;
	return state_name(g->state);
}

int64_t goroutines_count(const struct provider *p, struct stacks *into,
			 int64_t count)
{
	struct goroutine g;
	uint32_t slot = 0;
	int64_t n = 0;

	while (goroutine_next(p, &slot, &g)) {
		const struct stack_of of = { g.pcs, g.n, g.g.labels,
					     g.g.labels_bytes };

		stacks_add(into, &of, count);
		n++;
	}
	return n;
}
