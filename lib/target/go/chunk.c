/*
 * The structs, then the top of every stack, then the structs again: what says
 * the same before and after stood still in between, and its stack is of one
 * moment.  A chain that looks right is no proof, a mixed one nearly always
 * does; but one that does not end where stacks end is no stack.
 *
 * A window of 1 KiB holds nearly every parked goroutine's stack.  Those that
 * need more are read on in rounds of their own, many at once, and compared
 * once more after each.  Who moved is tried again twice, in smaller groups:
 * the less there is to read in between, the better the chances.
 */
#include "lib/target/go/chunk.h"

#include <string.h>

enum {
	WINDOW = 1024,                  /* bytes of stack */
	WINDOW_MORE = 2048,             /* at first, then twice that, ... */
	WINDOW_MORE_MAX = 1 << 16,
	ROUNDS_MAX = 40,
	HEAD_GAP = 512,                 /* bytes read in vain, rather than */
	STACK_GAP = 2048,               /* one more piece */
};

static const size_t group_of_try[] = { CHUNK_MAX, 128, 16 };

static int read_ones(struct chunk *c, struct go_one **set, size_t n)
{
	uint32_t bytes = go_one_bytes(c->go);
	int rc;

	for (size_t i = 0; i < n; i++)
		c->head_want[i] = (struct gather_want){ set[i]->at, bytes,
							NULL };
	rc = gather(&c->heads, c->go->space, c->head_want, n, HEAD_GAP);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (!c->head_want[i].at ||
		    !go_one_parse(c->go, c->head_want[i].at, set[i]))
			set[i]->had = ONE_NONSENSE;
	}
	return 0;
}

/* Whether its stack is to be read. */
static bool is_open(const struct go_one *o)
{
	return o->had == ONE_MOVED;
}

static uint32_t window(const struct go_one *o, uint64_t from, uint32_t bytes)
{
	if (from < o->lo || from >= o->hi)
		return 0;
	return o->hi - from < bytes ? (uint32_t)(o->hi - from) : bytes;
}

static int read_stacks(struct chunk *c, struct go_one **set, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct go_one *o = set[i];

		c->stack_want[i] = (struct gather_want){
			.address = o->sp,
			.bytes = is_open(o) ? window(o, o->sp, WINDOW) : 0,
		};
	}
	return gather(&c->stacks, c->go->space, c->stack_want, n, STACK_GAP);
}

/* Reads the heads of the N of SET again, whose `want' says whether a stack was
 * read; where it moved, takes the stack away. */
static int compare(struct chunk *c, struct go_one **set,
		   struct gather_want *want, size_t n)
{
	uint32_t bytes = go_one_bytes(c->go);
	int rc;

	for (size_t i = 0; i < n; i++)
		c->head_want[i] = (struct gather_want){
			set[i]->at, want[i].at ? bytes : 0, NULL,
		};
	rc = gather(&c->heads, c->go->space, c->head_want, n, HEAD_GAP);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		if (!c->head_want[i].at ||
		    !go_one_same(c->go, c->head_want[i].at, set[i]))
			want[i].at = NULL;
	return 0;
}

/* Ends the walk W of O at END, unless it wants more. */
static void finish(struct chunk *c, struct go_one *o, struct go_walker *w,
		   enum go_walk_end end)
{
	if (end != GO_WALK_TOP && end != GO_WALK_DEEP)
		return;
	go_walk_finish(w, end == GO_WALK_TOP);
	o->stack = go_names_stack(c->names, w->out, w->n, false);
	o->had = ONE_STACK;
}

/* Deep stacks -------------------------------------------------------------- */

static int read_deep(struct chunk *c, uint32_t bytes)
{
	struct go_one *set[CHUNK_DEEP];
	int rc;

	for (size_t i = 0; i < c->deep_count; i++) {
		struct deep *d = &c->deep[i];
		uint32_t want = window(d->one, d->walk.need, bytes);

		set[i] = d->one;
		if (want > c->budget)
			want = 0;
		c->budget -= want;
		c->more_want[i] = (struct gather_want){ d->walk.need, want,
							NULL };
	}
	rc = gather(&c->more, c->go->space, c->more_want, c->deep_count, 0);
	return rc < 0 ? rc : compare(c, set, c->more_want, c->deep_count);
}

/* Walks on; those that still want more stay. */
static void walk_deep(struct chunk *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->deep_count; i++) {
		struct deep *d = &c->deep[i];
		const struct gather_want *w = &c->more_want[i];
		struct go_stack st = { w->at, w->address, w->bytes,
				       d->one->hi };
		enum go_walk_end end = GO_WALK_LOST;

		if (w->at)
			end = go_walk_on(&d->walk, &st);
		else if (w->bytes == 0 && window(d->one, w->address, 8))
			end = GO_WALK_DEEP;     /* the budget is spent */
		finish(c, d->one, &d->walk, end);
		if (end != GO_WALK_MORE)
			continue;
		if (kept != i) {
			c->deep[kept] = *d;
			c->deep[kept].walk.out = c->deep[kept].pcs;
		}
		kept++;
	}
	c->deep_count = kept;
}

static int finish_deep(struct chunk *c)
{
	uint32_t bytes = WINDOW_MORE;
	int rc = 0;

	for (int round = 0; rc == 0 && c->deep_count > 0 &&
			    round < ROUNDS_MAX; round++) {
		rc = read_deep(c, bytes);
		if (rc == 0)
			walk_deep(c);
		if (bytes < WINDOW_MORE_MAX)
			bytes *= 2;
	}
	/* Megabytes of stack: the inner end is enough. */
	for (size_t i = 0; rc == 0 && i < c->deep_count; i++)
		finish(c, c->deep[i].one, &c->deep[i].walk, GO_WALK_DEEP);
	c->deep_count = 0;
	return rc;
}

static int put_deep(struct chunk *c, struct go_one *o,
		    const struct go_walker *w)
{
	struct deep *d = &c->deep[c->deep_count++];

	d->one = o;
	d->walk = *w;
	d->walk.out = d->pcs;
	memcpy(d->pcs, w->out, w->n * sizeof(*w->out));
	return c->deep_count == CHUNK_DEEP ? finish_deep(c) : 0;
}

static int walk_all(struct chunk *c, struct go_one **set, size_t n)
{
	uint64_t pcs[GO_DEPTH_MAX];
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct go_one *o = set[i];
		const struct gather_want *w = &c->stack_want[i];
		struct go_stack st = { w->at, w->address, w->bytes, o->hi };
		enum go_walk_end end;
		struct go_walker walk;

		if (!w->at)
			continue;
		go_walk_begin(&walk, c->go, o->pc, o->sp, false, pcs,
			      GO_DEPTH_MAX);
		walk.outer = GO_OUTER_MAX;
		end = go_walk_on(&walk, &st);
		finish(c, o, &walk, end);
		if (end == GO_WALK_MORE)
			rc = put_deep(c, o, &walk);
	}
	return rc < 0 ? rc : finish_deep(c);
}

static int try(struct chunk *c, struct go_one **set, size_t n)
{
	int rc;

	rc = read_ones(c, set, n);
	if (rc == 0 && !c->states_only)
		rc = go_labels_read(&c->labels, c->go, &c->names->snap->strings,
				 set, n);
	if (rc < 0 || c->states_only)
		return rc;
	rc = read_stacks(c, set, n);
	if (rc == 0)
		rc = compare(c, set, c->stack_want, n);
	return rc < 0 ? rc : walk_all(c, set, n);
}

int chunk_read(struct chunk *c, struct go_one *ones, size_t n)
{
	size_t open = n, tries = sizeof(group_of_try) / sizeof(*group_of_try);

	for (size_t i = 0; i < n; i++)
		c->set[i] = &ones[i];
	for (size_t t = 0; t < tries && open > 0; t++) {
		size_t group = group_of_try[t], left = 0;

		for (size_t i = 0; i < open; i += group) {
			size_t k = open - i < group ? open - i : group;
			int rc = try(c, c->set + i, k);

			if (rc < 0)
				return rc;
		}
		if (c->states_only)
			break;
		for (size_t i = 0; i < open; i++)
			if (is_open(c->set[i]))
				c->set[left++] = c->set[i];
		open = left;
	}
	return 0;
}

void chunk_release(struct chunk *c)
{
	gather_release(&c->heads);
	gather_release(&c->stacks);
	gather_release(&c->more);
	go_labels_release(&c->labels);
}
