#include "lib/target/pgo/rows.h"

#include "lib/target/pgo/running.h"
#include "lib/target/pgo/times.h"

static uint64_t number(const struct pgo_batch *b, uint32_t i, enum pgo_field f)
{
	return pgo_number(&b->p->o, pgo_batch_g(b, i), f);
}

/* What takes more than 63 bits makes no sense, and is not known. */
static void put(struct snap_row *row, enum snap_number n, uint64_t v)
{
	if (v <= INT64_MAX)
		row->number[n] = (int64_t)v;
}

static uint8_t state_of(const struct pgo_look *l)
{
	switch (l->status & PGO_G_STATE_MASK) {
	case PGO_G_RUNNABLE:
		return SNAP_RUNNABLE;
	case PGO_G_RUNNING:
		return l->kind == PGO_IN_C ? SNAP_SYSCALL : SNAP_RUNNING;
	default:
		return SNAP_WAITING;
	}
}

static uint32_t reason_of(struct pgo_program *p, const struct pgo_look *l)
{
	uint32_t reason = l->status >> PGO_G_REASON_SHIFT;

	if (reason >= p->reason_count)
		return 0;
	return strtab_put(&p->snap->strings, p->reasons[reason]);
}

/* Who made it: `pgo_go()` returns to PC. */
static void set_creator(struct pgo_program *p, uint64_t pc, int64_t parent,
			struct snap_row *row)
{
	const struct snap_frame *f;
	uint32_t n;

	/* The program as a whole began goroutine 1. */
	if (!pc || row->number[ROW_ID] == 1)
		return;
	if (parent > 0)
		row->creator = parent;
	f = pgo_names_frames(&p->names, p->snap, pc - 1, &n);
	if (!n)
		return;
	row->created_func = f[0].func;
	row->created_file = f[0].file;
	row->created_line = f[0].line;
}

static void set_entry(struct pgo_program *p, uint64_t pc, struct snap_row *row)
{
	uint32_t n = 0;
	const struct snap_frame *f = NULL;

	if (pc)
		f = pgo_names_frames(&p->names, p->snap, pc, &n);
	if (n)
		row->entry = f[n - 1].func;
}

static void set_place(struct pgo_program *p, uint64_t m, struct snap_row *row)
{
	const struct pgo_m *at = m ? pgo_m_at(p, m) : NULL;

	if (!at)
		return;
	put(row, ROW_M, (uint64_t)at->id);
	row->number[ROW_P] = at->p;
}

/* What needs the stack to stand still. */
static void set_stack(struct pgo_batch *b, uint32_t i, struct snap_row *row)
{
	const struct pgo_look *l = &b->look[i];

	if (!l->accepted) {
		row->moving = true;
		b->p->snap->torn++;
		return;
	}
	if (l->kind == PGO_RUNS || b->no_stacks)
		return;
	put(row, ROW_STACK_USED, l->used);
	/* What of a contiguous stack was touched is counted now and then. */
	if (row->number[ROW_STACK_BYTES] < row->number[ROW_STACK_USED])
		row->number[ROW_STACK_BYTES] = row->number[ROW_STACK_USED];
	if (l->segments)
		row->number[ROW_SEGMENTS] = l->segments;
	row->stack = pgo_stacks_id(b->p, l->walk.pcs, l->walk.n);
	b->p->snap->torn += row->stack == SNAP_NONE;
}

static void set_numbers(const struct pgo_batch *b, uint32_t i,
			struct snap_row *row)
{
	static const struct {
		enum snap_number row;
		enum pgo_field field;
	} copies[] = {
		{ ROW_STACK_BYTES, PGO_G_STACK_BYTES },
		{ ROW_GROWS, PGO_G_GROWS },
		{ ROW_SHRINKS, PGO_G_SHRINKS },
		{ ROW_ENTERS, PGO_G_ENTERS },
	};
	int64_t since = (int64_t)number(b, i, PGO_G_SINCE);

	for (size_t k = 0; k < sizeof(copies) / sizeof(*copies); k++)
		put(row, copies[k].row, number(b, i, copies[k].field));
	row->number[ROW_PARKS] = b->look[i].parks;
	if (since >= 0 && since <= b->p->now_ns)
		row->number[ROW_SINCE] = b->p->now_ns - since;
	else if (since > b->p->now_ns)
		row->number[ROW_SINCE] = 0;
	/* In a core the clock has stopped at some time since. */
	row->at_least = b->p->space->kind == SPACE_CORE;
}

/* What runtimes of old do not tell. */
static void set_runs(const struct pgo_batch *b, uint32_t i,
		     struct snap_row *row)
{
	const uint32_t *bytes = b->p->o.bytes;
	int64_t woken_by = (int64_t)number(b, i, PGO_G_WOKEN_BY);
	int32_t last_p = (int32_t)number(b, i, PGO_G_LAST_P);

	if (bytes[PGO_G_RUNS])
		put(row, ROW_RUNS, number(b, i, PGO_G_RUNS));
	if (bytes[PGO_G_WOKEN_BY] && woken_by > 0)
		row->number[ROW_WOKEN_BY] = woken_by;
	/* Before it ran that is of who had the slot before. */
	if (bytes[PGO_G_LAST_P] && row->number[ROW_RUNS] > 0 && last_p >= 0)
		row->number[ROW_LAST_P] = last_p;
}

void pgo_rows_add_one(struct pgo_batch *b, uint32_t i, bool running)
{
	const struct pgo_look *l = &b->look[i];
	struct pgo_program *p = b->p;
	int64_t id = (int64_t)number(b, i, PGO_G_ID);
	struct snap_row *row;

	if (id <= 0) {
		p->snap->dropped++;
		return;
	}
	row = snapshot_row(p->snap);
	if (!row)
		return;
	row->number[ROW_ID] = id;
	row->state = state_of(l);
	set_numbers(b, i, row);
	set_runs(b, i, row);
	pgo_times_set(b, i, row);
	if (row->state == SNAP_WAITING) {
		row->reason = reason_of(p, l);
		row->wait_on = number(b, i, PGO_G_WAIT_ON);
	}
	set_entry(p, number(b, i, PGO_G_FN), row);
	set_creator(p, number(b, i, PGO_G_CREATED),
		    (int64_t)number(b, i, PGO_G_PARENT), row);
	set_place(p, l->m, row);
	set_stack(b, i, row);
	if (running && l->accepted && l->kind == PGO_RUNS)
		pgo_running_stack(b, i, row);
}

void pgo_rows_add(struct pgo_batch *b, bool running)
{
	for (uint32_t i = 0; i < b->n; i++)
		if (b->look[i].kind != PGO_NOBODY)
			pgo_rows_add_one(b, i, running);
}
