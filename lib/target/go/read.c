/*
 * The list, then chunks of it in the order of addresses, each turned into rows
 * at once: what is held besides the snapshot is the list and one chunk.
 */
#include "lib/target/go/read.h"

#include <errno.h>
#include <stdlib.h>

#include "lib/base/clock.h"
#include "lib/base/grow.h"
#include "lib/target/go/chunk.h"
#include "lib/target/go/glist.h"
#include "lib/target/go/module.h"
#include "lib/target/go/pcs.h"
#include "lib/target/go/rows.h"
#include "lib/target/go/running.h"
#include "lib/target/go/sched.h"
#include "lib/target/go/since.h"
#include "lib/target/go/waits.h"

enum {
	G_BYTES_MAX = 4096,             /* a struct g is a tenth of that */
	DEEP_BYTES_MAX = 256 << 20,     /* of stacks beyond their first KiB */
};

struct go_reader {
	struct go *go;
	struct glist list;
	struct since since;
	struct go_sched sched;
	struct go_waits waits;
	struct chunk chunk;
	struct go_one ones[CHUNK_MAX];
	/* Of the snapshot that is read: */
	struct snapshot *snap;
	struct go_names names;
	const struct source_wants *wants;
	struct go_rows rows;
	size_t nonsense;
	int64_t stack_bytes;
	struct run {
		struct go_one one;
		uint32_t row;
	} *running;                     /* those whose stacks are to be had */
	size_t running_count, running_room;
};

int go_reader_new(struct go_reader **out, struct go *go, struct err *e)
{
	struct go_reader *r;

	if (go_one_bytes(go) > G_BYTES_MAX)
		return err_say(e, -ENOTSUP, "%s: offsets that make no sense",
			       go->space->name);
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(e, -ENOMEM, "%s", go->space->name);
	r->go = go;
	*out = r;
	return 0;
}

void go_reader_free(struct go_reader *r)
{
	if (!r)
		return;
	glist_release(&r->list);
	since_release(&r->since);
	go_sched_release(&r->sched);
	go_waits_release(&r->waits);
	chunk_release(&r->chunk);
	free(r->running);
	free(r);
}

static void note_running(struct go_reader *r, const struct go_one *o)
{
	if (grow(&r->running, &r->running_room, r->running_count,
		 sizeof(*r->running)) < 0)
		return;
	r->running[r->running_count++] = (struct run){
		*o, r->snap->row_count - 1,
	};
}

static void put_row(struct go_reader *r, const struct go_one *o)
{
	struct snap_row *row = snapshot_row(r->snap);

	if (!row)
		return;
	go_row_fill(&r->rows, o, row);
	r->snap->torn += row->moving;
	r->stack_bytes += row->number[ROW_STACK_BYTES];
	if (r->wants->waits && row->state == SNAP_WAITING && !row->moving)
		go_waits_note(&r->waits, o->at, o->waiting,
			      r->snap->row_count - 1,
			      go_row_wait_kind(&r->rows, row));
	if (o->had == ONE_RUNS && r->wants->running &&
	    r->running_count < SNAP_MS_MAX)
		note_running(r, o);
}

/* Reading ------------------------------------------------------------------ */

/* N goroutines of the list into r->ones. */
static int read_ones(struct go_reader *r, size_t from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		r->ones[i] = (struct go_one){ .at = r->list.at[from + i],
					      .stack = SNAP_NONE };
	return chunk_read(&r->chunk, r->ones, n);
}

static int read_chunk(struct go_reader *r, size_t from, size_t n)
{
	int rc = read_ones(r, from, n);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (r->ones[i].had == ONE_NONSENSE)
			r->nonsense++;
		else if (r->ones[i].had != ONE_GONE)
			put_row(r, &r->ones[i]);
	}
	return 0;
}

/* More of it a lie than not: nothing of it is believed.  [0, n) was read. */
static int judge(struct go_reader *r, size_t n, struct err *e)
{
	if (n == 0 || r->nonsense <= n / 2)
		return 0;
	return err_say(e, -EBADMSG, "%s: what it has for goroutines makes no "
		       "sense: %zu of %zu are none", r->go->space->name,
		       r->nonsense, n);
}

static int read_all(struct go_reader *r, struct err *e)
{
	size_t n = r->list.n;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i += CHUNK_MAX) {
		size_t k = n - i < CHUNK_MAX ? n - i : CHUNK_MAX;

		if (r->wants->stop && atomic_load(r->wants->stop))
			return err_set(e, -ECANCELED, "%s",
				       r->go->space->name);
		rc = read_chunk(r, i, k);
		if (rc < 0)
			return err_set(e, rc, "%s", r->go->space->name);
		if (i % (16 * CHUNK_MAX) == 0)
			rc = judge(r, i + k, e);
	}
	return rc < 0 ? rc : judge(r, n, e);
}

/* Those that run ----------------------------------------------------------- */

/* All threads stand still.  Reads N of those that ran a moment ago. */
static int read_stopped(struct go_reader *r, const struct go_threads *t,
			struct run *run, size_t n)
{
	struct go_stack_read stack;
	int rc;

	for (size_t i = 0; i < n; i++)
		r->ones[i] = (struct go_one){ .at = run[i].one.at,
					      .stack = SNAP_NONE };
	rc = chunk_read(&r->chunk, r->ones, n);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct go_one *o = &r->ones[i];
		const struct go_m *m = go_sched_m(&r->sched, o->m);

		if (o->goid != run[i].one.goid || o->had == ONE_GONE ||
		    o->had == ONE_NONSENSE)
			continue;
		if (o->had == ONE_RUNS && m &&
		    go_running_read(r->go, t, o, m, &stack) == 0) {
			o->stack = go_names_stack(&r->names, stack.pcs,
						  stack.n, stack.exact);
			o->had = ONE_STACK;
			o->sp = stack.sp;
		}
		go_row_fill(&r->rows, o, &r->snap->rows[run[i].row]);
	}
	return rc;
}

static int read_running(struct go_reader *r, struct err *e)
{
	struct space *space = r->go->space;
	struct go_threads t = { .n = 0 };
	bool alone = r->rows.alone;
	int rc = 0;

	if (!r->wants->freeze)
		rc = space_freeze(space, true, e);
	if (rc < 0)
		return rc;
	r->rows.alone = true;
	rc = go_threads_read(&t, space);
	if (rc == 0)
		rc = go_sched_read(&r->sched, r->go, &r->snap->sched);
	for (size_t i = 0; rc == 0 && i < r->running_count; i += CHUNK_MAX) {
		size_t k = r->running_count - i;

		rc = read_stopped(r, &t, r->running + i,
				  k < CHUNK_MAX ? k : CHUNK_MAX);
	}
	if (!r->wants->freeze)
		space_freeze(space, false, NULL);
	go_threads_release(&t);
	r->rows.alone = alone;
	return rc < 0 ? err_set(e, rc, "%s", space->name) : 0;
}

static void begin(struct go_reader *r, const struct source_wants *wants,
		  struct snapshot *s)
{
	const struct space *space = r->go->space;

	s->mono_ns = clock_mono_ns();
	if (space->kind == SPACE_LIVE)
		s->time_ns = clock_wall_ns();
	s->pid = space->pid ? space->pid : SNAP_UNKNOWN;
	s->exe = strtab_put(&s->strings, space->exe);
	go_pcs_trim(r->go);
	go_modules_more(r->go);
	r->snap = s;
	r->wants = wants;
	r->names = (struct go_names){ .go = r->go, .snap = s };
	r->nonsense = 0;
	r->stack_bytes = 0;
	r->running_count = 0;
	go_waits_begin(&r->waits);
	r->rows = (struct go_rows){
		.go = r->go, .snap = s, .names = &r->names,
		.since = &r->since, .sched = &r->sched,
		.no_stacks = wants->no_stacks,
	};
	r->chunk.go = r->go;
	r->chunk.names = &r->names;
	r->chunk.states_only = wants->no_stacks;
	r->chunk.budget = DEEP_BYTES_MAX;
}

static void end(struct go_reader *r)
{
	struct snapshot *s = r->snap;

	s->dropped += (int64_t)(r->nonsense + r->list.nonsense);
	s->total = s->row_count;
	s->sched.gcount = s->row_count;
	s->sched.stackinuse = r->stack_bytes;
	s->cost_ns = clock_mono_ns() - s->mono_ns;
	go_names_release(&r->names);
	r->snap = NULL;
}

static int read_sched(struct go_reader *r, struct err *e)
{
	int rc = go_sched_read(&r->sched, r->go, &r->snap->sched);

	return rc < 0 ? err_set(e, rc, "%s", r->go->space->name) : 0;
}

static int read_detail(struct go_reader *r, struct err *e)
{
	int rc = 0;

	if (r->wants->sched)
		rc = go_sched_detail(&r->sched, r->go, r->snap);
	return rc < 0 ? err_set(e, rc, "%s", r->go->space->name) : 0;
}

static int read_waits(struct go_reader *r, struct err *e)
{
	int rc = 0;

	if (r->wants->waits)
		rc = go_waits_read(&r->waits, r->go, r->snap);
	return rc < 0 ? err_set(e, rc, "%s", r->go->space->name) : 0;
}

int go_read(struct go_reader *r, const struct source_wants *wants,
	    struct snapshot *s, struct err *e)
{
	int rc;

	begin(r, wants, s);
	r->rows.alone = false;
	since_begin(&r->since, s->mono_ns);
	rc = read_sched(r, e);
	if (rc == 0)
		rc = glist_read(&r->list, r->go, e);
	if (rc == 0)
		rc = read_all(r, e);
	if (rc == 0 && r->running_count)
		rc = read_running(r, e);
	if (rc == 0)
		rc = read_waits(r, e);
	if (rc == 0)
		rc = read_detail(r, e);
	end(r);
	return rc;
}

/* One goroutine ------------------------------------------------------------ */

/* Reads the states of all until one is ID; its address, 0 when there is none,
 * in *AT. */
static int search(struct go_reader *r, int64_t id, uint64_t *at)
{
	int rc;

	*at = 0;
	r->chunk.states_only = true;
	for (size_t i = 0; i < r->list.n && !*at; i += CHUNK_MAX) {
		size_t k = r->list.n - i < CHUNK_MAX ? r->list.n - i
						     : CHUNK_MAX;

		rc = read_ones(r, i, k);
		if (rc < 0)
			return rc;
		for (size_t j = 0; j < k; j++)
			if (r->ones[j].goid == id)
				*at = r->ones[j].at;
	}
	r->chunk.states_only = false;
	return 0;
}

/* Reads the goroutine at AT.  -ENOENT when it is not ID. */
static int read_at(struct go_reader *r, uint64_t at, int64_t id)
{
	int rc;

	r->ones[0] = (struct go_one){ .at = at, .stack = SNAP_NONE };
	rc = chunk_read(&r->chunk, r->ones, 1);
	if (rc < 0)
		return rc;
	if (r->ones[0].goid != id || r->ones[0].had == ONE_GONE ||
	    r->ones[0].had == ONE_NONSENSE)
		return -ENOENT;
	put_row(r, &r->ones[0]);
	return 0;
}

int go_read_one(struct go_reader *r, int64_t id, struct snapshot *s,
		struct err *e)
{
	static const struct source_wants wants = {
		.running = true, .waits = true,
	};
	uint64_t at;
	int rc;

	begin(r, &wants, s);
	r->rows.alone = true;
	rc = read_sched(r, e);
	if (rc < 0)
		goto out;
	rc = -ENOENT;
	at = since_where(&r->since, id);
	if (at)
		rc = read_at(r, at, id);
	if (rc == -ENOENT) {
		rc = glist_read(&r->list, r->go, e);
		if (rc < 0)
			goto out;
		rc = search(r, id, &at);
		if (rc == 0)
			rc = at ? read_at(r, at, id) : -ENOENT;
	}
	if (rc == -ENOENT)
		err_say(e, rc, "%s: no goroutine %lld", r->go->space->name,
			(long long)id);
	else if (rc < 0)
		err_set(e, rc, "%s", r->go->space->name);
	/* Without the right to stop it there is a row without a stack. */
	if (rc == 0 && r->running_count)
		read_running(r, NULL);
	if (rc == 0)
		rc = read_waits(r, e);
out:
	end(r);
	return rc;
}
