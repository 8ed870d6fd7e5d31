/*
 * Rows, stacks and frames are three arrays that double, each with a cap: what
 * a target says about its size is never believed, only what came.
 *
 * A stack is known by its texts, not by addresses: the hash must be the same
 * after the target was restarted, and equal frames must fold whatever pcs
 * brought there.
 */
#include "lib/snapshot/snapshot.h"

#include <stdlib.h>
#include <string.h>

static const char *const state_names[SNAP_STATES] = {
	[SNAP_STATE_UNKNOWN] = "",
	[SNAP_RUNNING] = "running",
	[SNAP_RUNNABLE] = "runnable",
	[SNAP_SYSCALL] = "syscall",
	[SNAP_WAITING] = "waiting",
};

const char *snap_state_name(unsigned int state)
{
	return state < SNAP_STATES ? state_names[state] : "";
}

enum snap_state snap_state_of(const char *name)
{
	for (unsigned int i = SNAP_RUNNING; name && i < SNAP_STATES; i++)
		if (strcmp(name, state_names[i]) == 0)
			return (enum snap_state)i;
	return SNAP_STATE_UNKNOWN;
}

void snapshot_init(struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
	s->time_ns = s->total = s->pid = SNAP_UNKNOWN;
	s->sched = (struct snap_sched){
		.gomaxprocs = SNAP_UNKNOWN, .idleprocs = SNAP_UNKNOWN,
		.threads = SNAP_UNKNOWN, .spinningthreads = SNAP_UNKNOWN,
		.needspinning = SNAP_UNKNOWN, .idlethreads = SNAP_UNKNOWN,
		.runqueue = SNAP_UNKNOWN,
		.gcount = SNAP_UNKNOWN, .stackinuse = SNAP_UNKNOWN,
		.uptime_ns = SNAP_UNKNOWN, .ms = SNAP_UNKNOWN,
		.gcwaiting = SNAP_UNKNOWN, .nmidlelocked = SNAP_UNKNOWN,
		.stopwait = SNAP_UNKNOWN, .sysmonwait = SNAP_UNKNOWN,
	};
}

void snapshot_release(struct snapshot *s)
{
	free(s->rows);
	free(s->stacks);
	free(s->frames);
	hash_release(&s->stack_known);
	free(s->objects);
	free(s->waits);
	hash_release(&s->object_known);
	free(s->ms);
	strtab_release(&s->strings);
	snapshot_init(s);
}

/* Room for N more elements behind COUNT; false at MAX or without memory. */
static bool grow(void **array, uint32_t *room, uint32_t count, uint32_t n,
		 uint32_t max, size_t bytes)
{
	uint32_t want = *room ? *room : 64;
	void *p;

	if (n > max || count > max - n)
		return false;
	if (count + n <= *room)
		return true;
	while (want < count + n)
		want *= 2;
	p = realloc(*array, want * bytes);
	if (!p)
		return false;
	*array = p;
	*room = want;
	return true;
}

struct snap_row *snapshot_row(struct snapshot *s)
{
	struct snap_row *row;

	if (!grow((void **)&s->rows, &s->row_room, s->row_count, 1,
		  SNAP_ROWS_MAX, sizeof(*s->rows))) {
		s->dropped++;
		return NULL;
	}
	row = &s->rows[s->row_count++];
	memset(row, 0, sizeof(*row));
	for (int i = 0; i < ROW_NUMBERS; i++)
		row->number[i] = SNAP_UNKNOWN;
	row->creator = SNAP_UNKNOWN;
	row->stack = SNAP_NONE;
	return row;
}

struct snap_m *snapshot_m(struct snapshot *s)
{
	struct snap_m *m;

	if (!grow((void **)&s->ms, &s->m_room, s->m_count, 1, SNAP_MS_MAX,
		  sizeof(*s->ms)))
		return NULL;
	m = &s->ms[s->m_count++];
	*m = (struct snap_m){
		.id = SNAP_UNKNOWN, .p = SNAP_UNKNOWN, .curg = SNAP_UNKNOWN,
		.mallocing = SNAP_UNKNOWN, .throwing = SNAP_UNKNOWN,
		.locks = SNAP_UNKNOWN, .dying = SNAP_UNKNOWN,
		.spinning = SNAP_UNKNOWN, .blocked = SNAP_UNKNOWN,
		.lockedg = SNAP_UNKNOWN, .tid = SNAP_UNKNOWN,
		.preemptoff = SNAP_NONE,
	};
	return m;
}

/* Runtimes count their Ms. */
static int newest_m_first(const void *a, const void *b)
{
	const struct snap_m *x = a, *y = b;

	return (x->id < y->id) - (x->id > y->id);
}

void snapshot_sort_ms(struct snapshot *s)
{
	if (s->m_count)
		qsort(s->ms, s->m_count, sizeof(*s->ms), newest_m_first);
	s->sched.ms = s->m_count;
}

/* Stacks --------------------------------------------------------------------*/

struct frames {
	const struct snap_frame *frames;
	uint32_t n;
};

static bool same_stack(const void *ctx, uint32_t id, const void *key)
{
	const struct snapshot *s = ctx;
	const struct frames *k = key;
	const struct snap_frame *f = s->frames + s->stacks[id].first;

	if (s->stacks[id].depth != k->n)
		return false;
	for (uint32_t i = 0; i < k->n; i++)
		if (f[i].func != k->frames[i].func ||
		    f[i].file != k->frames[i].file ||
		    f[i].line != k->frames[i].line ||
		    (f[i].func == 0 && f[i].pc != k->frames[i].pc))
			return false;
	return true;
}

static uint64_t hash_stack(const struct snapshot *s, const struct frames *k)
{
	uint64_t h = hash_u64(k->n);

	for (uint32_t i = 0; i < k->n; i++) {
		const struct snap_frame *f = &k->frames[i];
		const char *func = snapshot_string(s, f->func);
		const char *file = snapshot_string(s, f->file);

		h = hash_mix(h, hash_bytes(func, strlen(func)));
		h = hash_mix(h, hash_bytes(file, strlen(file)));
		h = hash_mix(h, f->func ? f->line : f->pc);
	}
	return h;
}

uint32_t snapshot_stack(struct snapshot *s, const struct snap_frame *frames,
			uint32_t n)
{
	struct frames k = { frames, n };
	uint64_t hash = hash_stack(s, &k);
	uint32_t id = s->stack_count;
	int64_t found;

	found = hash_find(&s->stack_known, hash, same_stack, s, &k);
	if (found >= 0)
		return (uint32_t)found;
	if (n == 0 || n > SNAP_DEPTH_MAX ||
	    !grow((void **)&s->stacks, &s->stack_room, id, 1,
		  SNAP_STACKS_MAX, sizeof(*s->stacks)) ||
	    !grow((void **)&s->frames, &s->frame_room, s->frame_count, n,
		  SNAP_FRAMES_MAX, sizeof(*s->frames)) ||
	    hash_add(&s->stack_known, hash, id) < 0) {
		s->dropped++;
		return SNAP_NONE;
	}
	s->stacks[id] = (struct snap_stack){ hash, s->frame_count, n };
	memcpy(s->frames + s->frame_count, frames, n * sizeof(*frames));
	s->frame_count += n;
	s->stack_count++;
	return id;
}

const struct snap_frame *snapshot_frames(const struct snapshot *s,
					 uint32_t id, uint32_t *depth)
{
	*depth = 0;
	if (id >= s->stack_count)
		return NULL;
	*depth = s->stacks[id].depth;
	return s->frames + s->stacks[id].first;
}

/* Waits -------------------------------------------------------------------- */

static bool same_object(const void *ctx, uint32_t id, const void *key)
{
	const struct snapshot *s = ctx;
	const struct snap_object *o = key;

	return s->objects[id].address == o->address &&
	       s->objects[id].kind == o->kind;
}

uint32_t snapshot_object(struct snapshot *s, enum snap_object_kind kind,
			 uint64_t address)
{
	struct snap_object made = {
		.address = address, .kind = (uint8_t)kind,
		.len = SNAP_UNKNOWN, .cap = SNAP_UNKNOWN,
		.elem_bytes = SNAP_UNKNOWN,
	};
	uint64_t hash = hash_mix(hash_u64(address), kind);
	int64_t found = hash_find(&s->object_known, hash, same_object, s,
				  &made);

	if (found >= 0)
		return (uint32_t)found;
	if (!grow((void **)&s->objects, &s->object_room, s->object_count, 1,
		  SNAP_OBJECTS_MAX, sizeof(*s->objects)) ||
	    hash_add(&s->object_known, hash, s->object_count) < 0) {
		s->dropped++;
		return SNAP_NONE;
	}
	s->objects[s->object_count] = made;
	return s->object_count++;
}

void snapshot_wait(struct snapshot *s, uint32_t row, uint32_t object,
		   enum snap_wait_kind kind)
{
	struct snap_object *o;
	struct snap_row *r;

	if (object >= s->object_count || row >= s->row_count)
		return;
	if (!grow((void **)&s->waits, &s->wait_room, s->wait_count, 1,
		  SNAP_WAITS_MAX, sizeof(*s->waits))) {
		s->dropped++;
		return;
	}
	o = &s->objects[object];
	r = &s->rows[row];
	if (r->wait_count++ == 0)
		r->first_wait = s->wait_count;
	r->wait_on = r->wait_count == 1 ? o->address : 0;
	s->waits[s->wait_count++] = (struct snap_wait){
		r->number[ROW_ID], object, (uint8_t)kind,
	};
	o->receivers += kind == SNAP_WAIT_RECEIVE;
	o->senders += kind == SNAP_WAIT_SEND;
	o->acquirers += kind == SNAP_WAIT_ACQUIRE;
}
