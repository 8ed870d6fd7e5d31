/*
 * One snapshot: the scheduler's figures, then the table of goroutines from its
 * first slot to its last, a batch at a time.
 */
#include "lib/target/pgo/pgo.h"

#include <stdlib.h>

#include <pgo/layout.h>

#include "lib/base/clock.h"
#include "lib/target/note.h"
#include "lib/target/pgo/batch.h"
#include "lib/target/pgo/program.h"
#include "lib/target/pgo/rows.h"
#include "lib/target/pgo/times.h"

enum {
	SLOTS_MAX = 4 * SNAP_ROWS_MAX,  /* free ones among them */
	STACK_PCS_BYTES_MAX = 16 << 20,         /* of different stacks */
};

/* Recognizing -------------------------------------------------------------- */

/* A text of the target's; "" when it cannot be read. */
static void read_text(struct space *s, uint64_t address, char *out,
		      uint32_t room)
{
	/* What is behind it may be unmapped. */
	for (uint32_t n = room - 1; n > 0; n /= 2)
		if (space_read(s, address, out, n) == 0) {
			out[n] = '\0';
			return;
		}
	out[0] = '\0';
}

static void read_reasons(struct pgo_program *p)
{
	uint64_t at[PGO_REASONS_MAX] = { 0 };
	uint32_t n = p->o.bytes[PGO_REASONS] / 8;

	n = n < PGO_REASONS_MAX ? n : PGO_REASONS_MAX;
	if (space_read(p->space, p->o.address[PGO_REASONS], at, n * 8) < 0)
		return;
	for (uint32_t i = 0; i < n; i++)
		read_text(p->space, at[i], p->reasons[i], PGO_REASON_BYTES);
	p->reason_count = n;
}

static void read_hidden(struct pgo_program *p)
{
	uint32_t n = p->o.bytes[PGO_HIDDEN] / sizeof(struct pgo_range);

	n = n < PGO_HIDDEN_MAX ? n : PGO_HIDDEN_MAX;
	if (space_read(p->space, p->o.address[PGO_HIDDEN], p->hidden.at,
		       n * sizeof(struct pgo_range)) < 0)
		return;
	/* Empty while the program has not begun. */
	while (p->hidden.n < n && p->hidden.at[p->hidden.n].high)
		p->hidden.n++;
}

int pgo_attach(struct pgo_program **out, struct space *s, struct err *e)
{
	struct pgo_program *p = calloc(1, sizeof(*p));
	struct pgo_layout head;
	uint64_t address;
	int rc;

	if (!p)
		return err_set(e, -ENOMEM, "%s", s->name);
	p->space = p->names.space = s;
	p->stacks.pcs.cap = STACK_PCS_BYTES_MAX;
	rc = note_layout_of(&head, &address, s, e);
	if (rc == -ENODATA)
		rc = -ENOTSUP;
	if (rc == 0)
		rc = pgo_offsets_read(&p->o, s, address, &head, e);
	if (rc < 0) {
		pgo_detach(p);
		return rc;
	}
	p->names.text = p->o.address[PGO_TEXT];
	p->names.text_end = p->o.address[PGO_TEXT_END];
	read_reasons(p);
	*out = p;
	return 0;
}

void pgo_detach(struct pgo_program *p)
{
	if (!p)
		return;
	pgo_names_release(&p->names);
	pgo_stacks_release(&p->stacks);
	free(p->ms.at);
	free(p);
}

/* The table ---------------------------------------------------------------- */

/* What to do with each batch; 0 goes on. */
typedef int each_fn(struct pgo_batch *b, void *ctx);

struct table {
	uint64_t *chunks;       /* addresses */
	uint32_t slots;
	uint32_t chunk_slots;
};

static int read_table(struct pgo_program *p, struct table *t)
{
	const uint32_t *bytes = p->o.bytes;
	uint64_t gtab = p->o.address[PGO_GTAB], chunks;
	uint32_t count = 0, most;
	int rc;

	t->chunk_slots = bytes[PGO_CHUNK_G] / bytes[PGO_G];
	if (bytes[PGO_CHUNK_ROW] / bytes[PGO_ROW] < t->chunk_slots)
		t->chunk_slots = bytes[PGO_CHUNK_ROW] / bytes[PGO_ROW];
	rc = space_read(p->space, gtab + p->o.offset[PGO_GTAB_COUNT], &count,
			bytes[PGO_GTAB_COUNT] < 4 ? bytes[PGO_GTAB_COUNT] : 4);
	if (rc < 0 || !t->chunk_slots)
		return rc;
	count = count < SLOTS_MAX ? count : SLOTS_MAX;
	chunks = ((uint64_t)count + t->chunk_slots - 1) / t->chunk_slots;
	most = bytes[PGO_GTAB_CHUNK] / 8;
	chunks = chunks < most ? chunks : most;
	t->slots = chunks * t->chunk_slots < count ?
		   (uint32_t)chunks * t->chunk_slots : count;
	t->chunks = calloc(chunks + 1, sizeof(*t->chunks));
	if (!t->chunks)
		return -ENOMEM;
	return space_read(p->space, gtab + p->o.offset[PGO_GTAB_CHUNK],
			  t->chunks, (uint32_t)chunks * 8);
}

static int read_batch(struct pgo_batch *b, const struct table *t,
		      uint32_t slot, uint32_t n)
{
	const struct pgo_offsets *o = &b->p->o;
	uint64_t chunk = t->chunks[slot / t->chunk_slots];
	uint64_t at = slot % t->chunk_slots;

	return pgo_batch_read(
		b, chunk + o->offset[PGO_CHUNK_ROW] + at * o->bytes[PGO_ROW],
		chunk + o->offset[PGO_CHUNK_G] + at * o->bytes[PGO_G],
		b->p->times_kept ? chunk + o->offset[PGO_CHUNK_TIMES] +
				   at * o->bytes[PGO_TIMES] : 0,
		n);
}

static bool is_stopped(const struct source_wants *wants)
{
	return wants->stop && atomic_load(wants->stop);
}

static int each_batch(struct pgo_program *p, const struct source_wants *wants,
		      struct pgo_batch *b, each_fn *each, void *ctx)
{
	struct table t = { 0 };
	int rc = read_table(p, &t);

	for (uint32_t slot = 0, n; rc == 0 && slot < t.slots; slot += n) {
		uint32_t in_chunk = t.chunk_slots - slot % t.chunk_slots;

		n = t.slots - slot;
		n = n < in_chunk ? n : in_chunk;
		n = n < PGO_BATCH ? n : PGO_BATCH;
		rc = is_stopped(wants) ? -ECANCELED :
		     read_batch(b, &t, slot, n);
		if (rc == 0)
			rc = each(b, ctx);
	}
	free(t.chunks);
	return rc;
}

/* Snapshots ---------------------------------------------------------------- */

/* The latest time that the runtime wrote down, where it does not go on. */
static int64_t last_time(struct pgo_batch *b, int64_t latest)
{
	for (uint32_t i = 0; i < b->n; i++) {
		int64_t since = (int64_t)pgo_number(&b->p->o,
						    pgo_batch_g(b, i),
						    PGO_G_SINCE);

		if (b->look[i].kind != PGO_NOBODY && since > latest)
			latest = since;
	}
	return latest;
}

static int take_time(struct pgo_batch *b, void *ctx)
{
	(void)ctx;
	b->p->now_ns = last_time(b, b->p->now_ns);
	return 0;
}

static int add_rows(struct pgo_batch *b, void *ctx)
{
	const struct source_wants *wants = ctx;

	/* Threads of a core have stopped already. */
	pgo_rows_add(b, wants->running || b->p->space->kind == SPACE_CORE);
	return 0;
}

static int begin(struct pgo_program *p, struct pgo_batch *b,
		 const struct source_wants *wants, struct snapshot *s)
{
	int rc = 0;

	p->snap = s;
	pgo_names_begin(&p->names);
	pgo_stacks_reset(&p->stacks);
	if (!p->hidden.n)
		read_hidden(p);
	s->mono_ns = clock_mono_ns();
	s->time_ns = p->space->dumped_ns ? p->space->dumped_ns :
					   clock_wall_ns();
	p->now_ns = s->mono_ns;
	p->times_kept = false;
	if (p->space->kind == SPACE_CORE) {
		p->now_ns = 0;
		b->no_stacks = true;
		rc = each_batch(p, wants, b, take_time, NULL);
	}
	b->no_stacks = wants->no_stacks;
	if (rc == 0)
		rc = pgo_times_begin(p);
	return rc < 0 ? rc : pgo_sched_read(p);
}

static int explain(struct pgo_program *p, int rc, struct err *e)
{
	/* What became of it says more than what reading said. */
	int now = space_check(p->space, e);

	if (now < 0 || rc == 0)
		return now;
	return err_set(e, rc, "%s: cannot read memory", p->space->name);
}

int pgo_read(struct pgo_program *p, const struct source_wants *wants,
	     struct snapshot *s, struct err *e)
{
	struct pgo_batch *b = malloc(sizeof(*b));
	int rc = b ? pgo_batch_init(b, p) : -ENOMEM;

	if (rc == 0) {
		rc = begin(p, b, wants, s);
		if (rc == 0)
			rc = each_batch(p, wants, b, add_rows,
					(void *)(uintptr_t)wants);
		if (rc == 0 && wants->sched)
			rc = pgo_sched_read_ms(p);
		pgo_batch_release(b);
	}
	free(b);
	s->pid = p->space->pid ? p->space->pid : SNAP_UNKNOWN;
	s->exe = strtab_put(&s->strings, p->space->exe);
	s->total = s->sched.gcount;
	s->cost_ns = clock_mono_ns() - s->mono_ns;
	return explain(p, rc, e);
}

/* One goroutine ------------------------------------------------------------ */

struct search {
	int64_t id;
	bool found;
};

static int find(struct pgo_batch *b, void *ctx)
{
	struct search *s = ctx;

	for (uint32_t i = 0; i < b->n && !s->found; i++) {
		int64_t id = (int64_t)pgo_number(&b->p->o, pgo_batch_g(b, i),
						 PGO_G_ID);

		if (b->look[i].kind == PGO_NOBODY || id != s->id)
			continue;
		s->found = true;
		b->no_stacks = false;
		pgo_rows_add_one(b, i, true);
	}
	return s->found ? -EALREADY : 0;
}

int pgo_read_one(struct pgo_program *p, int64_t id, struct snapshot *s,
		 struct err *e)
{
	const struct source_wants wants = { 0 };
	struct pgo_batch *b = malloc(sizeof(*b));
	struct search search = { .id = id };
	int rc = b ? pgo_batch_init(b, p) : -ENOMEM;

	if (rc == 0) {
		rc = begin(p, b, &wants, s);
		if (rc == 0)
			rc = each_batch(p, &wants, b, find, &search);
		pgo_batch_release(b);
	}
	free(b);
	if (search.found)
		rc = 0;
	if (rc == 0 && !search.found)
		return err_say(e, -ENOENT, "%s: no goroutine %lld",
			       p->space->name, (long long)id);
	return explain(p, rc, e);
}
