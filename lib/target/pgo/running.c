/*
 * Frame pointers lose the caller of a function that has not built its frame,
 * or has none: the way out of the innermost one is told by the call frame
 * information of its file.
 */
#include "lib/target/pgo/running.h"

#include <limits.h>
#include <stdlib.h>

#include "symbolizer/callframe.h"

enum { THREADS_MAX = 65536, ROUNDS_MAX = PGO_PCS_MAX, WINDOW = 4096 };

/* The thread's number in our pid namespace; 0: it has none any more. */
static pid_t host_tid(struct space *s, pid_t tid)
{
	struct space_thread *t;
	int n = space_threads(s, NULL, 0);
	pid_t found = 0;

	if (n <= 0 || n > THREADS_MAX)
		return 0;
	t = calloc((size_t)n, sizeof(*t));
	if (!t)
		return 0;
	if (space_threads(s, t, (size_t)n) < n)
		n = 0;
	for (int i = 0; i < n; i++)
		if (t[i].tid == tid)
			found = t[i].host_tid;
	free(t);
	return found;
}

/* Call frame information at PC. */
static bool frame_at(struct pgo_program *p, uint64_t pc, struct callframe *out)
{
	struct callframe_file *f;
	char path[PATH_MAX + 64];
	uint64_t addr;
	bool had;

	if (!pgo_names_file(&p->names, pc, path, sizeof(path), &addr) ||
	    callframe_open(&f, path, NULL) < 0)
		return false;
	had = callframe_at(f, addr, out);
	callframe_close(f);
	return had;
}

/* Takes one step from R: RA goes to *CALLER and R's frame pointer becomes the
 * caller's.  False when it must be done by the frame pointer. */
static bool leave_leaf(struct pgo_program *p, struct space_regs *r,
		       uint64_t *caller)
{
	struct space *s = p->space;
	struct callframe c;
	uint64_t cfa, fp = r->bp;

	if (!frame_at(p, r->pc, &c))
		return false;
	cfa = (c.by_fp ? r->bp : r->sp) + (uint64_t)c.cfa;
	if (space_read(s, cfa + (uint64_t)c.ra, caller, 8) < 0 ||
	    (c.saves_fp && space_read(s, cfa + (uint64_t)c.fp, &fp, 8) < 0))
		return false;
	r->bp = fp;
	return true;
}

/* Reads on at w->fp until the walk ends. */
static void walk(struct pgo_program *p, struct pgo_walk *w)
{
	uint8_t bytes[WINDOW];

	for (int i = 0; i < ROUNDS_MAX && w->state == PGO_WALK_MORE; i++) {
		uint32_t n = WINDOW - (uint32_t)(w->fp % WINDOW);

		n = n < 16 ? 16 : n;
		if (space_read(p->space, w->fp, bytes, n) < 0)
			w->state = PGO_WALK_LOST;
		pgo_walk_on(w, &p->hidden, bytes, w->fp, n);
	}
}

void pgo_running_stack(struct pgo_batch *b, uint32_t i, struct snap_row *row)
{
	struct pgo_program *p = b->p;
	struct pgo_walk *w = &b->look[i].walk;
	const struct pgo_m *m = pgo_m_at(p, b->look[i].m);
	pid_t tid = m ? host_tid(p->space, m->tid) : 0;
	struct space_regs r;
	uint64_t caller = 0;
	bool left;

	if (!tid || space_regs(p->space, tid, &r) < 0)
		return;
	left = leave_leaf(p, &r, &caller);
	pgo_walk_begin(w, &p->hidden, r.pc, r.bp);
	if (left)
		pgo_walk_add(w, &p->hidden, caller);
	walk(p, w);
	row->stack = pgo_stacks_id(p, w->pcs, w->n);
}
