/*
 * A stack is walked by depths, from the registers over the copy of its upper
 * end that came with the sample.  That is all of it most of the time.  Where
 * the copy ends, the pcs the kernel collected by frame pointers go on: they are
 * of the same moment, and further out than the leaf they are right.  They also
 * lead from the runtime's stack to the goroutine's.  When there are too many
 * for the kernel, the living stack is read, and believed if it goes on from all
 * the kernel saw: what lies so deep in a stack seldom changes.  So it is where
 * assembly has other uses for the frame pointer, and the kernel saw nonsense:
 * then the outermost call of the copy must still be there.
 *
 * Of a thread that stands still the stack is copied whole, and the goroutine's
 * own where it works on the runtime's: no guesses are needed.
 */
#include "lib/target/go/cpu.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/target/go/pcs.h"
#include "lib/target/go/unwind.h"
#include "lib/target/go/whose.h"

enum {
	STACK_MAX = 256 << 10,  /* of a stack, is read at most */
	SHIFT_MAX = 4,          /* frames that frame pointers do not see */
};

/* So many samples of so few goroutines, and late ones will do. */
enum { STEADY_SAMPLES = 32, RECENT = 16 };

/* Labels change as the goroutine runs: those that are read so long after the
 * sample are not known to be its. */
#define LABELS_NS (500 * INT64_C(1000))

struct copy {
	uint64_t address;
	size_t n;
	uint8_t *bytes;         /* STACK_MAX */
};

struct go_cpu {
	struct go *go;
	struct go_whose *whose;
	struct sampler_sink sink;
	void (*each)(void *ctx, const struct go_sample *s);
	void *ctx;
	/* Of the thread that stands still, or of the sample at hand. */
	struct go_owner owner;
	struct copy top;        /* from its stack pointer on */
	struct copy user;       /* the goroutine's stack, if that is another */
	bool held;              /* they were filled while it stood still */
	uint64_t pcs[GO_DEPTH_MAX], chain[GO_DEPTH_MAX];
	size_t n, chain_n;
	uint64_t sp;            /* of the last frame that was walked */
	int64_t recent[RECENT]; /* goroutines sampled lately */
	uint32_t news;          /* put there so far */
	uint32_t steady;        /* samples since one that was not there */
	bool labelled;          /* one had labels */
};

/* Copies of stacks -------------------------------------------------------- */

/* Fills C with [ADDRESS, HI), as far as there is room. */
static void copy_stack(struct go_cpu *c, struct copy *to, uint64_t address,
		       uint64_t hi)
{
	uint64_t n = hi > address ? hi - address : 0;

	to->address = address;
	to->n = n < STACK_MAX ? n : STACK_MAX;
	if (space_read(c->go->space, address, to->bytes,
		       (uint32_t)to->n) < 0)
		to->n = 0;
}

/* The N bytes at ADDRESS, out of C; NULL when it has them not. */
static const uint8_t *in_copy(const struct copy *c, uint64_t address, size_t n)
{
	if (address < c->address || address - c->address > c->n ||
	    c->n - (address - c->address) < n)
		return NULL;
	return c->bytes + (address - c->address);
}

static bool is_on(const struct go_one *g, uint64_t address)
{
	return address >= g->lo && address < g->hi;
}

/* While the thread stands still.  Where the runtime works for a goroutine, its
 * stack is needed from where it left it, or from its frame pointer on. */
static void stopped(void *ctx, const struct cpu_sample *s)
{
	struct go_cpu *c = ctx;
	const struct go_one *g = &c->owner.g;

	go_whose_find(c->whose, s->tid, &s->regs, &c->owner);
	c->top.n = c->user.n = 0;
	c->held = true;
	if (!c->owner.system)
		copy_stack(c, &c->top, s->regs.sp, g->hi);
	else if (g->goid && is_on(g, g->sp))
		copy_stack(c, &c->user, g->sp, g->hi);
	else if (g->goid && is_on(g, s->regs.bp))
		copy_stack(c, &c->user, s->regs.bp, g->hi);
}

/* Walking ----------------------------------------------------------------- */

static enum go_walk_end walk(struct go_cpu *c, uint64_t pc, uint64_t sp,
			     const struct copy *from, uint64_t hi, bool exact)
{
	const struct go_stack st = { from->bytes, from->address, from->n, hi };
	enum go_walk_end end;
	struct go_walker w;

	go_walk_begin(&w, c->go, pc, sp, exact, c->pcs + c->n,
		      GO_DEPTH_MAX - c->n);
	end = go_walk_on(&w, &st);
	c->n += w.n;
	c->sp = w.sp;
	return end;
}

static const struct go_pc *known(struct go_cpu *c, uint64_t pc)
{
	int32_t id = go_pc_id(c->go, pc);
	const struct go_pc *at = id < 0 ? NULL : go_pc_get(c->go, id);

	return at && at->sym ? at : NULL;
}

static bool is_in(struct go_cpu *c, uint64_t pc, const char *function)
{
	const struct go_pc *at = known(c, pc);

	return at && !strcmp(at->name, function);
}

/* mcall() and morestack() leave the goroutine's stack for good: what they call
 * is the runtime's.  systemstack() comes back, and so does C; other assembly
 * only hides how deep it is. */
static bool leaves_for_good(const struct go_pc *at)
{
	return at->sp_write && (!strcmp(at->name, "runtime.mcall") ||
				!strncmp(at->name, "runtime.morestack", 17));
}

static bool is_top(struct go_cpu *c, uint64_t pc)
{
	const struct go_pc *at = known(c, pc);

	return at && at->top;
}

/* What the kernel saw ----------------------------------------------------- */

/* How many pcs of the chain are in the N of OUT: the place behind the last of
 * them, or 0 when they do not go together. */
static size_t join(const struct cpu_sample *s, const uint64_t *out, size_t n)
{
	for (size_t shift = 0; shift <= SHIFT_MAX && shift < n; shift++) {
		size_t end = n - shift, i = end;

		/* The leaf is the same in both, whatever is missing above. */
		while (i > 1 && i <= s->chain_n &&
		       s->chain[i - 1] == out[i - 1 + shift])
			i--;
		if (i <= 1 && end <= s->chain_n && s->chain[0] == out[0])
			return end;
	}
	return 0;
}

/* Puts what the chain has beyond ours behind it, up to where the stack ends:
 * what lies beyond that is chance.  False when it does not get there, or is
 * none of Go's below the first that is. */
static bool go_on_by_chain(struct go_cpu *c, const struct cpu_sample *s)
{
	size_t before = c->n, from = join(s, c->pcs, c->n);
	bool in_go = false;

	for (size_t i = from; from && i < s->chain_n; i++) {
		const struct go_pc *at = known(c, s->chain[i]);

		if ((in_go && !at) || c->n == GO_DEPTH_MAX)
			break;
		in_go |= at != NULL;
		c->pcs[c->n++] = s->chain[i];
		if (at && (at->top || leaves_for_good(at)))
			return true;
	}
	c->n = before;
	return false;
}

/* Ours begins as the chain, as far as that goes. */
static bool agrees(const struct cpu_sample *s, const uint64_t *out, size_t n)
{
	size_t low = s->chain_n;

	for (size_t shift = 0; shift <= SHIFT_MAX; shift++)
		if (low && low + shift <= n &&
		    join(s, out, low + shift) == low)
			return true;
	return false;
}

/* How much of the chain is Go's: on a goroutine's stack there is nothing
 * else. */
static size_t chain_in_go(struct go_cpu *c, const struct cpu_sample *s)
{
	size_t n = 0;

	while (n < s->chain_n && known(c, s->chain[n]))
		n++;
	return n;
}

/* Whether the word at ADDRESS, of the sample, lives in the copy FROM. */
static bool is_still(const struct cpu_sample *s, const struct copy *from,
		     uint64_t address)
{
	const struct copy given = { s->regs.sp, s->stack_bytes,
				    (uint8_t *)(uintptr_t)s->stack };
	const uint8_t *then = in_copy(&given, address, 8);
	const uint8_t *now = in_copy(from, address, 8);

	return then && now && !memcmp(then, now, 8);
}

/* The same from the living stack, below what came with the sample. */
static bool go_on_by_memory(struct go_cpu *c, const struct cpu_sample *s)
{
	const struct go_one *g = &c->owner.g;
	struct cpu_sample seen = *s;
	size_t before = c->n;

	if (c->owner.system || !g->goid || s->stack_bytes > STACK_MAX)
		return false;
	copy_stack(c, &c->top, s->regs.sp, g->hi);
	if (c->top.n < s->stack_bytes)
		return false;
	seen.chain_n = chain_in_go(c, s);
	if (seen.chain_n < s->chain_n && !is_still(s, &c->top, c->sp - 8))
		return false;
	memcpy(c->top.bytes, s->stack, s->stack_bytes);
	c->n = 0;
	if (walk(c, s->regs.pc, s->regs.sp, &c->top, g->hi, true) ==
	    GO_WALK_TOP && agrees(&seen, c->pcs, c->n))
		return true;
	c->n = before;
	return false;
}

/* Stacks ------------------------------------------------------------------ */

/* From the runtime's stack to the goroutine's, of a thread that stood still:
 * behind systemstack(), or C that Go called.  A goroutine in systemstack() is
 * said to stand in another function, which is not on the stack. */
static bool go_on_by_goroutine(struct go_cpu *c)
{
	const struct go_one *g = &c->owner.g;
	size_t from = c->n;
	bool whole = in_copy(&c->user, g->sp, 8) &&
		     walk(c, g->pc, g->sp, &c->user, g->hi, false) ==
			     GO_WALK_TOP;

	if (c->n > from && is_in(c, c->pcs[from], "runtime.systemstack_switch"))
		memmove(c->pcs + from, c->pcs + from + 1,
			(--c->n - from) * sizeof(*c->pcs));
	return whole;
}

/* The frame pointers in copied stacks, as the kernel would have followed them:
 * each is above the last, but for one step from the runtime's stack to the
 * goroutine's. */
static void read_chain(struct go_cpu *c, const struct space_regs *r,
		       const struct copy *top)
{
	uint64_t at = r->bp, frame[2];
	const uint8_t *bytes;

	c->chain[0] = r->pc;
	for (c->chain_n = 1; c->chain_n < GO_DEPTH_MAX; c->chain_n++) {
		bytes = in_copy(top, at, sizeof(frame));
		if (!bytes)
			bytes = in_copy(&c->user, at, sizeof(frame));
		if (!bytes)
			break;
		memcpy(frame, bytes, sizeof(frame));
		c->chain[c->chain_n] = frame[1];
		at = frame[0];
	}
}

static bool go_on_where_it_stood(struct go_cpu *c, const struct cpu_sample *s,
				 const struct copy *top)
{
	struct cpu_sample with_chain = *s;

	read_chain(c, &s->regs, top);
	with_chain.chain = c->chain;
	with_chain.chain_n = c->chain_n;
	return go_on_by_chain(c, &with_chain) || go_on_by_goroutine(c);
}

/* What more there is of a stack that ended with END.  True when that was
 * all. */
static bool go_on(struct go_cpu *c, const struct cpu_sample *s,
		  const struct copy *from, enum go_walk_end end)
{
	bool more = c->held ? go_on_where_it_stood(c, s, from) :
			      go_on_by_chain(c, s) || go_on_by_memory(c, s);

	/* The runtime's own stack, a signal's too, is whole without the
	 * goroutine's. */
	return more || end == GO_WALK_SWITCH ||
	       is_in(c, c->pcs[c->n - 1], "runtime.sigtramp");
}

static bool ends_here(struct go_cpu *c, enum go_walk_end end)
{
	const struct go_pc *at = c->n ? known(c, c->pcs[c->n - 1]) : NULL;

	return at && (end == GO_WALK_TOP ||
		      (end == GO_WALK_SWITCH && leaves_for_good(at)));
}

/* True when all of it is in c->pcs. */
static bool find_stack(struct go_cpu *c, const struct cpu_sample *s)
{
	const struct copy given = { s->regs.sp, s->stack_bytes,
				    (uint8_t *)(uintptr_t)s->stack };
	const struct copy *from = c->top.n ? &c->top : &given;
	uint64_t hi = c->owner.system ? 0 : c->owner.g.hi;
	enum go_walk_end end;

	c->n = 0;
	end = walk(c, s->regs.pc, s->regs.sp, from, hi, true);
	if (ends_here(c, end))
		return true;
	if (!c->n)
		c->pcs[c->n++] = s->regs.pc;
	return go_on(c, s, from, end);
}

/* Whether the owner can have that stack, which is whole.  One that ended
 * meanwhile, and another in its place, began elsewhere; so did the one that
 * its thread has turned to since.  The runtime's own stack proves nothing. */
static bool began_there(struct go_cpu *c)
{
	const struct go_pc *first, *start;
	uint64_t entry;

	if (c->n < 2 || !is_in(c, c->pcs[c->n - 1], "runtime.goexit"))
		return true;
	first = known(c, c->pcs[c->n - 2]);
	if (!first)
		return true;
	entry = first->entry;
	start = known(c, c->owner.g.startpc);
	return start && start->entry == entry;
}

/* Whether it is worth it to be early: see go_cpu_is_steady(). */
static void note(struct go_cpu *c, const struct go_sample *s)
{
	c->labelled |= s->g.labels != 0;
	c->steady++;
	for (size_t i = 0; i < RECENT; i++)
		if (c->recent[i] == s->g.goid)
			return;
	c->recent[c->news++ % RECENT] = s->g.goid;
	c->steady = 0;
}

bool go_cpu_is_steady(const struct go_cpu *c)
{
	return !c->labelled && c->steady >= STEADY_SAMPLES;
}

static void each(void *ctx, const struct cpu_sample *s)
{
	struct go_cpu *c = ctx;
	struct go_sample out = { .periods = s->periods };
	bool late;

	if (!c->held) {
		c->top.n = c->user.n = 0;
		go_whose_find(c->whose, s->tid, &s->regs, &c->owner);
	}
	late = clock_mono_ns() - s->time_ns > LABELS_NS;
	out.complete = find_stack(c, s);
	out.system = c->owner.system && !is_top(c, c->pcs[c->n - 1]);
	if (c->held || !out.complete || began_there(c))
		out.g = c->owner.g;
	note(c, &out);
	if (late && !c->held)
		out.g.labels = 0;
	c->held = false;
	out.pcs = c->pcs;
	out.n = c->n;
	c->each(c->ctx, &out);
}

/* Beginning and end ------------------------------------------------------- */

struct go_cpu *go_cpu_new(struct go *go,
			  void (*to)(void *ctx, const struct go_sample *s),
			  void *ctx)
{
	struct go_cpu *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->go = go;
	c->each = to;
	c->ctx = ctx;
	c->sink = (struct sampler_sink){ each, stopped, c };
	c->whose = go_whose_new(go);
	c->top.bytes = malloc(STACK_MAX);
	c->user.bytes = malloc(STACK_MAX);
	if (c->whose && c->top.bytes && c->user.bytes)
		return c;
	go_cpu_free(c);
	return NULL;
}

void go_cpu_free(struct go_cpu *c)
{
	if (!c)
		return;
	go_whose_free(c->whose);
	free(c->top.bytes);
	free(c->user.bytes);
	free(c);
}

const struct sampler_sink *go_cpu_sink(const struct go_cpu *c)
{
	return &c->sink;
}
