/*
 * Stacks of sampled objects, interned by stack and size.
 *
 * The table takes its memory by malloc(3), which may be ours too: what is
 * allocated while the lock is held is not sampled.
 */
#include "runtime/heapprof.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "lib/sample/stacktab.h"
#include "runtime/fiber.h"
#include "runtime/lock.h"
#include "runtime/m.h"
#include "runtime/malloc/sampled.h"
#include "runtime/names.h"
#include "runtime/stackwalk.h"
#include "runtime/sys.h"
#include "runtime/view.h"

enum {
	STACKS_MAX = 1 << 16,
	PCS_MAX = 1 << 21,
	DEPTH_MAX = 128,        /* as Go's, since 1.23 */
};

enum { MALLOCS, FREES, VALUES };

static struct {
	struct lock lock;               /* the table */
	_Atomic int holder;             /* of the lock, in heapprof_add() */
	bool begun;
	struct stacktab stacks;         /* tag: bytes of an object */
} prof;

/* Stacks are compared and copied by libc's functions. */
static void table_begin(void)
{
	lock_get(&prof.lock);
	fiber_unseen_begin();
}

static void table_end(void)
{
	fiber_unseen_end();
	lock_put(&prof.lock);
}

/* The frames of the allocator itself are not shown. */
static size_t own_frames(const uint64_t *pcs, size_t n)
{
	size_t i = 0;

	while (i < n && names_is_runtime(pcs[i]))
		i++;
	return i;
}

static int64_t add(const struct span *s, const uint64_t *pcs, size_t n)
{
	static const int64_t one_malloc[VALUES] = { [MALLOCS] = 1 };

	if (!prof.begun)
		stacktab_init(&prof.stacks, STACKS_MAX, PCS_MAX, VALUES);
	prof.begun = true;
	return stacktab_add(&prof.stacks, s->bytes, pcs, n, one_malloc);
}

/* Frames of goroutine code stand, for all have called something. */
static void take_stack(struct stackwalk *w, bool by_goroutine)
{
	const struct m *m = m_get();

	stackwalk_setup();
	if (!by_goroutine) {
		stackwalk_self(w);
		return;
	}
	w->g = m->g;
	w->standing = true;
	stackwalk_in_c(w, m);
}

void heapprof_add(struct span *s, bool by_goroutine)
{
	uint64_t pcs[DEPTH_MAX];
	struct stackwalk w = { .pcs = pcs, .max = DEPTH_MAX };
	int tid = sys_gettid();
	int64_t id;
	size_t own;

	if (atomic_load(&prof.holder) == tid)
		return;
	take_stack(&w, by_goroutine);
	own = own_frames(pcs, w.n);
	table_begin();
	atomic_store(&prof.holder, tid);
	id = add(s, pcs + own, w.n - own);
	if (id >= 0)
		s->sample = (uint32_t)id + 1;
	atomic_store(&prof.holder, 0);
	table_end();
}

void heapprof_remove(const struct span *s)
{
	table_begin();
	prof.stacks.entries[s->sample - 1].values[FREES]++;
	table_end();
}

uint64_t heapprof_rate(void)
{
	return sampled_rate;
}

int heapprof_get(uint32_t index, struct view_heap *out, uint64_t *pcs,
		 uint32_t max)
{
	struct stacktab_stack s = { 0 };
	bool there;

	table_begin();
	there = prof.begun && index < stacktab_count(&prof.stacks);
	if (there) {
		stacktab_get(&prof.stacks, index, &s);
		*out = (struct view_heap){
			.bytes = s.tag,
			.mallocs = (uint64_t)s.values[MALLOCS],
			.frees = (uint64_t)s.values[FREES],
		};
		if (s.n > max)
			s.n = max;
		memcpy(pcs, s.pcs, s.n * sizeof(*pcs));
	}
	table_end();
	return there ? (int)s.n : -ENOENT;
}

void heapprof_lock(void)
{
	lock_get(&prof.lock);
}

void heapprof_unlock(void)
{
	lock_put(&prof.lock);
}
