#include "lib/target/pgo/running.h"

#include <stdlib.h>

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

	if (!tid || space_regs(p->space, tid, &r) < 0)
		return;
	pgo_walk_begin(w, &p->hidden, r.pc, r.bp);
	walk(p, w);
	row->stack = pgo_stacks_id(p, w->pcs, w->n);
}
