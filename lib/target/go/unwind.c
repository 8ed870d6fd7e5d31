/*
 * The caller's return address lies `depth` bytes above the stack pointer, and
 * pclntab knows the depth at every pc.  The rules are those of Go's own
 * unwinder (runtime/traceback.go): a stack ends in a top function; a function
 * that moves the stack pointer ends the walk, unless it is the innermost and
 * stands at a saved pc, which is before it did so; below a function that a
 * signal's handler made it call, the pc is exact.
 *
 * Each step climbs by 8 bytes at least and none leaves [sp, hi): a stack that
 * lies cannot keep anyone here.
 */
#include "lib/target/go/unwind.h"

#include <string.h>

#include "lib/target/go/pcs.h"

void go_walk_begin(struct go_walker *w, struct go *go, uint64_t pc,
		   uint64_t sp, bool exact, uint64_t *out, size_t max)
{
	*w = (struct go_walker){
		.go = go, .pc = pc, .sp = sp, .out = out, .max = max,
		.exact = exact, .first = true,
	};
}

/* False when there are enough. */
static bool put(struct go_walker *w, uint64_t pc)
{
	if (w->n < w->max) {
		w->out[w->n++] = pc;
		return true;
	}
	if (!w->outer)
		return false;
	w->out[w->max - w->outer + w->skipped++ % w->outer] = pc;
	return true;
}

void go_walk_finish(struct go_walker *w, bool whole)
{
	uint64_t ring[GO_OUTER_MAX], *last = w->out + w->max - w->outer;

	if (!whole) {
		w->n = w->skipped ? w->max - w->outer : w->n;
		w->n -= w->n == w->max;
		w->out[w->n++] = GO_PC_ELIDED;
	} else if (w->skipped) {
		memcpy(ring, last, w->outer * sizeof(*ring));
		for (size_t i = 0; i < w->outer; i++)
			last[i] = ring[(w->skipped + i) % w->outer];
		/* Its place was a frame's. */
		last[-1] = GO_PC_ELIDED | (w->skipped + 1);
	}
}

/* Notes the frame at w->pc.  False when the walk ends here, in *END. */
static bool enter(struct go_walker *w, enum go_walk_end *end)
{
	const struct go_pc *at;
	int32_t id;

	if (w->pc == 0 && w->first) {
		/* A call of a nil function: its caller is on top. */
		w->depth = 0;
		w->exact = false;
		w->first = false;
		return true;
	}
	*end = GO_WALK_LOST;
	id = go_pc_id(w->go, w->pc);
	if (id == GO_PC_NONE)
		return false;
	at = go_pc_get(w->go, id);
	if (!at->sym)
		return false;
	if (!put(w, w->exact && !w->first ? w->pc + 1 : w->pc)) {
		*end = GO_WALK_DEEP;
		return false;
	}
	if (at->top || (at->sp_write && (w->exact || !w->first))) {
		*end = at->top ? GO_WALK_TOP : GO_WALK_SWITCH;
		return false;
	}
	w->depth = at->depth;
	w->exact = at->injected;
	w->first = false;
	return at->depth >= 0;
}

/* Finds the caller of the frame that was entered.  False as above. */
static bool leave(struct go_walker *w, const struct go_stack *st,
		  enum go_walk_end *end)
{
	uint64_t at = w->sp + (uint64_t)w->depth;

	*end = GO_WALK_LOST;
	if (at < w->sp || at > UINT64_MAX - 8 || (st->hi && at + 8 > st->hi))
		return false;
	*end = GO_WALK_MORE;
	w->need = at;
	if (at < st->address || at - st->address > st->n ||
	    st->n - (at - st->address) < 8)
		return false;
	memcpy(&w->pc, st->bytes + (at - st->address), 8);
	w->sp = at + 8;
	return true;
}

enum go_walk_end go_walk_on(struct go_walker *w, const struct go_stack *st)
{
	enum go_walk_end end;

	for (;;) {
		if (!w->inside && !enter(w, &end))
			return end;
		w->inside = true;
		if (!leave(w, st, &end))
			return end;
		w->inside = false;
	}
}

enum go_walk_end go_walk(struct go *go, uint64_t pc, uint64_t sp,
			 const struct go_stack *st, bool exact,
			 uint64_t *out, size_t max, size_t *n,
			 uint64_t *need)
{
	struct go_walker w;
	enum go_walk_end end;

	go_walk_begin(&w, go, pc, sp, exact, out, max);
	end = go_walk_on(&w, st);
	*n = w.n;
	*need = w.need;
	return end;
}
