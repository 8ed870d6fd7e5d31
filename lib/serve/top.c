/*
 * /debug/pgo/top: goroutines folded that do the same on equal stacks, as a
 * viewer would that has all of them.
 *
 * One walk fills the stacks and, beside them, how long each goroutine waits;
 * sorted by stack and wait these give longest and median of each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/grow.h"
#include "lib/serve/handlers.h"
#include "lib/serve/live.h"
#include "lib/serve/stacks.h"

enum { STACKS_SHOWN = 200, PS_MAX = 1024, WAITS_MAX = 16 << 20 };
enum { REASONS_MAX = 256 };

struct wait {
	uint32_t stack;
	int64_t ns;
};

struct group {
	uint64_t stack_bytes;
	const char *reason;
	size_t first;                   /* index into waits */
};

struct top {
	struct stacks stacks;
	struct group *groups;           /* by stack id */
	size_t groups_room;
	struct wait *waits;
	size_t n_waits, waits_room;
	int64_t total, torn, dropped;
	int64_t states[SERVE_STATES];
	struct {
		const char *name;
		int64_t count;
	} reasons[REASONS_MAX];
	size_t n_reasons;
	int64_t cost_ns;
};

static void top_release(struct top *t)
{
	stacks_release(&t->stacks);
	free(t->groups);
	free(t->waits);
}

/* Collecting --------------------------------------------------------------- */

/* Reasons are few, and their texts the provider's own. */
static void count_reason(struct top *t, const char *reason)
{
	for (size_t i = 0; i < t->n_reasons; i++)
		if (!strcmp(t->reasons[i].name, reason)) {
			t->reasons[i].count++;
			return;
		}
	if (t->n_reasons == REASONS_MAX)
		return;
	t->reasons[t->n_reasons].name = reason;
	t->reasons[t->n_reasons++].count = 1;
}

static bool add_stack(struct top *t, const struct goroutine *g)
{
	/* What it does is a label: those that do something else on the same
	 * stack are another group.  Where a torn one stands is not known. */
	const char *doing = goroutine_state(&g->g);
	const struct stack_of of = { g->pcs, g->g.torn ? 0 : g->n, doing,
				     strlen(doing) };
	size_t before = t->stacks.n;
	int64_t id;
	bool fits = t->n_waits < WAITS_MAX &&
		    !grow(&t->waits, &t->waits_room, t->n_waits,
			  sizeof(*t->waits)) &&
		    !grow(&t->groups, &t->groups_room, before,
			  sizeof(*t->groups));

	id = fits ? stacks_add(&t->stacks, &of, 1) : -ENOMEM;
	if (id < 0)
		return false;
	if (t->stacks.n > before)
		t->groups[id] = (struct group){ .reason = doing };
	if (g->g.stack_bytes != SERVE_UNKNOWN)
		t->groups[id].stack_bytes += g->g.stack_bytes;
	t->waits[t->n_waits++] = (struct wait){ (uint32_t)id, g->g.since_ns };
	return true;
}

static void add(struct top *t, const struct goroutine *g)
{
	t->total++;
	t->torn += g->g.torn;
	if ((unsigned int)g->g.state < SERVE_STATES)
		t->states[g->g.state]++;
	if (g->g.state == SERVE_WAITING)
		count_reason(t, goroutine_state(&g->g));
	if (!add_stack(t, g))
		t->dropped++;
}

static int by_stack_and_wait(const void *a, const void *b)
{
	const struct wait *x = a, *y = b;

	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

static void collect(struct top *t, const struct provider *p)
{
	int64_t begin_ns = clock_mono_ns();
	struct goroutine g;
	uint32_t slot = 0;

	while (goroutine_next(p, &slot, &g))
		add(t, &g);
	if (t->n_waits)
		qsort(t->waits, t->n_waits, sizeof(*t->waits),
		      by_stack_and_wait);
	for (size_t i = t->n_waits; i-- > 0; )
		t->groups[t->waits[i].stack].first = i;
	t->cost_ns = clock_mono_ns() - begin_ns;
}

/* Telling ------------------------------------------------------------------ */

static void put_goroutines(struct json *j, const struct top *t)
{
	json_key(j, "goroutines");
	json_object_begin(j);
	live_int(j, "total", t->total);
	live_int(j, "running", t->states[SERVE_RUNNING]);
	live_int(j, "runnable", t->states[SERVE_RUNNABLE]);
	live_int(j, "syscall", t->states[SERVE_SYSCALL]);
	live_int(j, "waiting", t->states[SERVE_WAITING]);
	json_object_end(j);
	json_key(j, "reasons");
	json_object_begin(j);
	for (size_t i = 0; i < t->n_reasons; i++)
		live_int(j, t->reasons[i].name, t->reasons[i].count);
	json_object_end(j);
}

static void put_ps(struct json *j, const struct provider *p)
{
	struct serve_p one;

	json_key(j, "ps");
	json_array_begin(j);
	for (uint32_t i = 0; i < PS_MAX && p->p(p->ctx, i, &one); i++) {
		json_object_begin(j);
		live_int(j, "id", one.id);
		live_int(j, "status", one.status);
		live_uint(j, "runq", one.runq);
		if (one.m >= 0)
			live_int(j, "m", one.m);
		json_object_end(j);
	}
	json_array_end(j);
}

static void put_wait(struct json *j, const char *name, int64_t ns)
{
	if (ns >= 0)
		live_int(j, name, ns);
}

static void put_stack(struct json *j, const struct provider *p,
		      const struct top *t, uint32_t id)
{
	const struct stack *st = &t->stacks.stacks[id];
	const struct group *g = &t->groups[id];
	size_t n = (size_t)st->count;

	json_object_begin(j);
	live_int(j, "count", st->count);
	put_wait(j, "wait_max_ns", t->waits[g->first + n - 1].ns);
	put_wait(j, "wait_p50_ns", t->waits[g->first + (n - 1) / 2].ns);
	live_uint(j, "stack_bytes", g->stack_bytes);
	live_string(j, "reason", g->reason);
	live_frames(j, p, stacks_pcs(&t->stacks, id), st->n);
	json_object_end(j);
}

static void put_stacks(struct json *j, const struct provider *p,
		       const struct top *t, const uint32_t *ids)
{
	json_key(j, "stacks");
	json_array_begin(j);
	for (size_t i = 0; i < t->stacks.n && i < STACKS_SHOWN; i++)
		put_stack(j, p, t, ids[i]);
	json_array_end(j);
}

static void put_collection(struct json *j, const struct top *t)
{
	json_key(j, "collection");
	json_object_begin(j);
	live_int(j, "age_ns", 0);
	live_int(j, "cost_ns", t->cost_ns);
	live_int(j, "dropped", t->dropped);
	live_int(j, "torn", t->torn);
	json_object_end(j);
}

static void put_target(struct json *j, const struct provider *p)
{
	json_key(j, "target");
	json_object_begin(j);
	live_string(j, "kind", p->kind);
	live_int(j, "pid", p->pid);
	live_string(j, "exe", p->exe);
	json_object_end(j);
}

static void put_top(const struct provider *p, const struct top *t,
		    const uint32_t *ids, struct buf *out)
{
	struct json j;

	live_begin(&j, out);
	put_target(&j, p);
	put_goroutines(&j, t);
	put_ps(&j, p);
	live_uint(&j, "ms", p->ms(p->ctx, NULL, 0));
	put_stacks(&j, p, t, ids);
	put_collection(&j, t);
	json_object_end(&j);
}

static void answer(const struct provider *p, struct http_reply *rp)
{
	struct top *t = calloc(1, sizeof(*t));
	uint32_t *ids = NULL;

	if (t) {
		collect(t, p);
		ids = stacks_sorted(&t->stacks);
	}
	if (ids) {
		rp->type = HTTP_JSON;
		put_top(p, t, ids, &rp->body);
	} else {
		http_error(rp, 500, "%s", strerror(ENOMEM));
	}
	free(ids);
	if (t)
		top_release(t);
	free(t);
}

void handle_top(struct serve *s, const struct http_request *rq,
		struct http_reply *rp)
{
	(void)rq;
	if (!look_begin(s->provider, rp))
		return;
	answer(s->provider, rp);
	look_end(s->provider);
}
