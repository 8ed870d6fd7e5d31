/*
 * States, reasons and who belongs to the runtime by Go's own rules:
 * goroutineheader() and isSystemGoroutine() of runtime/traceback.go.
 */
#include "lib/target/go/rows.h"

#include <stdio.h>
#include <string.h>

static const enum snap_state state_of_status[] = {
	[GO_RUNNABLE] = SNAP_RUNNABLE, [GO_RUNNING] = SNAP_RUNNING,
	[GO_SYSCALL] = SNAP_SYSCALL, [GO_WAITING] = SNAP_WAITING,
	[GO_COPYSTACK] = SNAP_RUNNING, [GO_PREEMPTED] = SNAP_WAITING,
	[GO_LEAKED] = SNAP_WAITING,
};

static const char *reason_text(const struct go *go, uint8_t n)
{
	if (n < go->reason_count && go->reasons[n][0])
		return go->reasons[n];
	if (n < go->offsets.reasons && n < GO_REASONS_MAX)
		return go->offsets.reason[n];
	return "";
}

/* Why it waits, as a string.  Without a reason Go says what it is. */
static uint32_t reason_of(struct go_rows *r, const struct go_one *o)
{
	struct strtab *t = &r->snap->strings;
	const char *text;
	char leaked[64];

	if (o->status == GO_PREEMPTED)
		return strtab_put(t, "preempted");
	if (o->status != GO_LEAKED && r->reasons[o->reason])
		return r->reasons[o->reason];
	text = o->reason ? reason_text(r->go, o->reason) : "waiting";
	if (o->status == GO_LEAKED) {
		snprintf(leaked, sizeof(leaked), "%s (leaked)", text);
		return strtab_put(t, leaked);
	}
	return r->reasons[o->reason] = strtab_put(t, text);
}

static void put_since(struct go_rows *r, const struct go_one *o,
		      struct snap_row *row)
{
	int64_t seen, noted = 0;

	seen = r->alone ? since_look(r->since, o, r->snap->mono_ns)
			: since_of(r->since, o);
	if ((o->status == GO_WAITING || o->status == GO_SYSCALL) &&
	    o->waitsince > 0 && r->go->space->kind == SPACE_LIVE)
		noted = r->snap->mono_ns - o->waitsince;
	if (o->status == GO_RUNNING || o->status == GO_COPYSTACK)
		seen = SNAP_UNKNOWN;
	if (noted > 0 && noted < r->snap->mono_ns && noted > seen)
		seen = noted;
	row->number[ROW_SINCE] = seen < 0 ? SNAP_UNKNOWN : seen;
	row->at_least = seen >= 0;
}

/* The one that runs finalizers or cleanups is the system's only while no
 * finalizer runs: then it is on a function of the program's. */
static bool calls_program(const struct snapshot *s, uint32_t stack)
{
	uint32_t depth;
	const struct snap_frame *f = snapshot_frames(s, stack, &depth);

	for (uint32_t i = 0; i < depth; i++)
		if (strncmp(snapshot_string(s, f[i].func), "runtime.", 8) != 0)
			return true;
	return false;
}

/* By Go's rule, isSystemGoroutine(): who begins in the runtime. */
static bool is_system(struct go_rows *r, const struct snap_row *row)
{
	static const char *const user[] = {
		"runtime.main", "runtime.corostart", "runtime.handleAsyncEvent",
	}, *const varies[] = {
		"runtime.runfinq", "runtime.runFinalizers",
		"runtime.runCleanups",
	};
	const char *entry = snapshot_string(r->snap, row->entry);

	if (strncmp(entry, "runtime.", 8) != 0)
		return false;
	for (size_t i = 0; i < sizeof(user) / sizeof(*user); i++)
		if (strcmp(entry, user[i]) == 0)
			return false;
	for (size_t i = 0; i < sizeof(varies) / sizeof(*varies); i++)
		if (strcmp(entry, varies[i]) == 0)
			return !calls_program(r->snap, row->stack);
	return true;
}

/* The M it is on, and the P of that. */
static void put_thread(struct go_rows *r, const struct go_one *o,
		       struct snap_row *row)
{
	const struct go_m *m = go_sched_m(r->sched, o->m);
	const struct go_p *p = m ? go_sched_p(r->sched, m->p) : NULL;

	if (m)
		row->number[ROW_M] = m->id;
	if (p)
		row->number[ROW_P] = p->id;
}

void go_row_fill(struct go_rows *r, const struct go_one *o,
		 struct snap_row *row)
{
	row->number[ROW_ID] = o->goid;
	row->number[ROW_STACK_BYTES] = (int64_t)(o->hi - o->lo);
	if (o->had == ONE_STACK)
		row->number[ROW_STACK_USED] = (int64_t)(o->hi - o->sp);
	row->state = (uint8_t)state_of_status[o->status];
	row->stack = o->had == ONE_STACK ? o->stack : SNAP_NONE;
	row->moving = o->had == ONE_MOVED && !r->no_stacks;
	row->locked = o->lockedm != 0;
	row->labels = o->label_text;
	row->reason = row->state == SNAP_WAITING ? reason_of(r, o) : 0;
	row->entry = go_names_func(r->names, o->startpc);
	row->entry_pc = o->startpc;
	if (o->parent > 0)
		row->creator = o->parent;
	/* Goroutine 1 was made by nobody one could name. */
	if (o->goid != 1)
		go_names_creator(r->names, o->gopc, row);
	row->system = is_system(r, row);
	put_thread(r, o, row);
	put_since(r, o, row);
}

enum snap_wait_kind go_row_wait_kind(const struct go_rows *r,
				     const struct snap_row *row)
{
	const char *reason = snapshot_string(r->snap, row->reason);

	if (strncmp(reason, "chan receive", 12) == 0)
		return SNAP_WAIT_RECEIVE;
	return strncmp(reason, "chan send", 9) == 0 ? SNAP_WAIT_SEND
						    : SNAP_WAIT_UNKNOWN;
}
