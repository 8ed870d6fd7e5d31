/*
 * A stack is looked up by its pcs first: among a million goroutines it is
 * nearly always one that was seen, and then nothing is named at all.
 *
 * A frame that a wrapper made by the compiler stands on is kept only below a
 * panic, as runtime/traceback.go does it: that depends on what it called, so
 * frames of a pc are kept with their marks and chosen per stack.
 */
#include "lib/target/go/names.h"

#include <stdio.h>
#include <string.h>

#include "lib/target/go/pcs.h"
#include "lib/target/go/unwind.h"
#include "symbolizer/symbolizer.h"

struct named_pc {
	uint32_t first, count1; /* in frames; count + 1, 0: not yet named */
};

struct named_frame {
	struct snap_frame f;
	bool wrapper;
	bool panics;            /* what it calls is shown, be it a wrapper */
};

struct named_stack {
	uint32_t first, n;      /* in pcs */
	uint32_t stack;
	bool exact;
};

void go_names_release(struct go_names *n)
{
	buf_release(&n->named);
	buf_release(&n->frames);
	buf_release(&n->stacks);
	buf_release(&n->pcs);
	hash_release(&n->known);
}

/* A saved pc is behind its call; one that has not run yet is its function's
 * first. */
static uint64_t place_of(const struct go_pc *at, bool exact)
{
	return exact || at->pc == at->entry ? at->pc : at->pc - 1;
}

size_t go_pc_frames(struct go *go, uint64_t pc, bool exact,
		    struct sym_frame *out, size_t max)
{
	int32_t id = go_pc_id(go, pc);
	const struct go_pc *at;

	if (id == GO_PC_NONE)
		return 0;
	at = go_pc_get(go, id);
	return at->sym ? gosym_frames(at->sym, place_of(at, exact), out, max)
		       : 0;
}

static bool is_panic(const char *func)
{
	return func && (strcmp(func, "runtime.gopanic") == 0 ||
			strcmp(func, "runtime.sigpanic") == 0 ||
			strcmp(func, "runtime.panicwrap") == 0);
}

/* Appends the frames of PC; how many. */
static uint32_t add_frames(struct go_names *n, uint64_t pc, bool exact)
{
	struct sym_frame f[SYM_FRAMES_MAX];
	size_t count = go_pc_frames(n->go, pc, exact, f, SYM_FRAMES_MAX);
	int32_t id = go_pc_id(n->go, pc);
	uint64_t entry = id < 0 ? 0 : go_pc_get(n->go, id)->entry;

	if (count > SYM_FRAMES_MAX)
		count = SYM_FRAMES_MAX;
	for (size_t i = 0; i < count; i++) {
		struct named_frame named = {
			.f = {
				.pc = pc,
				.func = strtab_put(&n->snap->strings,
						   f[i].func),
				.file = strtab_put(&n->snap->strings,
						   f[i].file),
				.line = f[i].line,
				.start_line = f[i].start_line,
				.offset = f[i].inlined ? 0 :
					  (uint32_t)(pc - entry),
				.inlined = f[i].inlined,
			},
			.wrapper = f[i].wrapper,
			.panics = is_panic(f[i].func),
		};

		buf_put(&n->frames, &named, sizeof(named));
	}
	return (uint32_t)count;
}

/* The frames of PC, a return address or one that has not run, kept. */
static struct named_pc frames_at(struct go_names *n, uint64_t pc)
{
	int32_t id = go_pc_id(n->go, pc);
	struct named_pc *at;
	size_t want;

	if (id == GO_PC_NONE)
		return (struct named_pc){ 0, 1 };
	want = ((size_t)id + 1) * sizeof(*at);
	if (n->named.len < want) {
		size_t more = want - n->named.len;
		uint8_t *p = buf_reserve(&n->named, more);

		if (!p)
			return (struct named_pc){ 0, 1 };
		memset(p, 0, more);
		n->named.len = want;
	}
	at = (struct named_pc *)(void *)n->named.data + id;
	if (at->count1 == 0) {
		at->first = (uint32_t)(n->frames.len /
				       sizeof(struct named_frame));
		at->count1 = add_frames(n, pc, false) + 1;
	}
	return *at;
}

static bool is_injected(struct go_names *n, uint64_t pc)
{
	int32_t id = go_pc_id(n->go, pc);

	return id != GO_PC_NONE && go_pc_get(n->go, id)->injected;
}

/* Stacks ------------------------------------------------------------------- */

/* A stack that is put together. */
struct making {
	struct snap_frame f[SNAP_DEPTH_MAX];
	uint32_t n;
	bool panics;            /* the frame before called a panic */
};

static void put_frames(struct go_names *n, struct making *m,
		       struct named_pc at, bool injected)
{
	const struct named_frame *from =
		(const struct named_frame *)(void *)n->frames.data + at.first;
	uint32_t count = at.count1 - 1;

	if (buf_error(&n->frames))
		return;
	for (uint32_t i = 0; i < count && m->n < SNAP_DEPTH_MAX; i++) {
		bool show = !from[i].wrapper || m->panics;

		m->panics = from[i].panics;
		if (!show)
			continue;
		m->f[m->n] = from[i].f;
		/* The walk gave it as if it were a return address. */
		if (injected) {
			m->f[m->n].pc--;
			m->f[m->n].offset -= !from[i].f.inlined;
		}
		m->n++;
	}
}

static void put_elided(struct go_names *n, struct making *m, uint64_t pc)
{
	uint32_t count = (uint32_t)(pc & ~GO_PC_ELIDED);
	char text[48];

	if (m->n == SNAP_DEPTH_MAX)
		return;
	if (count)
		snprintf(text, sizeof(text), "...%u frames elided...", count);
	else
		snprintf(text, sizeof(text), "...more frames elided...");
	m->f[m->n++] = (struct snap_frame){
		.func = strtab_put(&n->snap->strings, text),
		.elided = count ? count : 1,
	};
}

static uint32_t make_stack(struct go_names *n, const uint64_t *pcs,
			   size_t count, bool exact)
{
	struct making m = { .n = 0 };

	for (size_t i = 0; i < count; i++) {
		struct named_pc at;

		if (pcs[i] & GO_PC_ELIDED) {
			put_elided(n, &m, pcs[i]);
			continue;
		}
		if (i == 0 && exact) {
			at.first = (uint32_t)(n->frames.len /
					      sizeof(struct named_frame));
			at.count1 = add_frames(n, pcs[0], true) + 1;
		} else {
			at = frames_at(n, pcs[i]);
		}
		put_frames(n, &m, at, i > 0 && is_injected(n, pcs[i - 1]));
	}
	return snapshot_stack(n->snap, m.f, m.n);
}

struct key {
	const struct go_names *names;
	const uint64_t *pcs;
	size_t n;
	bool exact;
};

static bool same_stack(const void *ctx, uint32_t id, const void *key)
{
	const struct go_names *n = ctx;
	const struct key *k = key;
	const struct named_stack *s =
		(const struct named_stack *)(void *)n->stacks.data + id;

	return s->n == k->n && s->exact == k->exact &&
	       memcmp((const uint64_t *)(void *)n->pcs.data + s->first,
		      k->pcs, k->n * sizeof(*k->pcs)) == 0;
}

uint32_t go_names_stack(struct go_names *n, const uint64_t *pcs, size_t count,
			bool exact)
{
	struct key k = { n, pcs, count, exact };
	struct named_stack made = {
		.first = (uint32_t)(n->pcs.len / sizeof(*pcs)),
		.n = (uint32_t)count, .exact = exact,
	};
	uint64_t hash = hash_u64(count * 2 + exact);
	int64_t id;

	if (count == 0)
		return SNAP_NONE;
	for (size_t i = 0; i < count; i++)
		hash = hash_mix(hash, pcs[i]);
	id = hash_find(&n->known, hash, same_stack, n, &k);
	if (id >= 0)
		return ((struct named_stack *)(void *)n->stacks.data)[id].stack;
	made.stack = make_stack(n, pcs, count, exact);
	if (made.stack == SNAP_NONE)
		return SNAP_NONE;
	id = (int64_t)(n->stacks.len / sizeof(made));
	buf_put(&n->pcs, pcs, count * sizeof(*pcs));
	buf_put(&n->stacks, &made, sizeof(made));
	if (!buf_error(&n->pcs) && !buf_error(&n->stacks))
		hash_add(&n->known, hash, (uint32_t)id);
	return made.stack;
}

/* The function that was compiled, at PC; NULL when it is not known. */
static const struct snap_frame *outermost(struct go_names *n, uint64_t pc,
					  const struct snap_frame **innermost)
{
	struct named_pc at = pc ? frames_at(n, pc) : (struct named_pc){ 0, 1 };
	const struct named_frame *f = (const void *)n->frames.data;

	if (at.count1 < 2 || buf_error(&n->frames))
		return NULL;
	*innermost = &f[at.first].f;
	return &f[at.first + at.count1 - 2].f;
}

uint32_t go_names_func(struct go_names *n, uint64_t pc)
{
	const struct snap_frame *f, *innermost;

	f = outermost(n, pc, &innermost);
	return f ? f->func : 0;
}

void go_names_creator(struct go_names *n, uint64_t gopc, struct snap_row *row)
{
	const struct snap_frame *f, *innermost;

	f = outermost(n, gopc, &innermost);
	if (!f)
		return;
	/* Go says the line of the innermost call, and the function that was
	 * compiled. */
	row->created_func = f->func;
	row->created_offset = f->offset;
	row->created_file = innermost->file;
	row->created_line = innermost->line;
}
