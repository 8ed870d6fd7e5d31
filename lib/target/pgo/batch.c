/*
 * The order of the reads is what makes them right: the row first, then the
 * struct, then the stack, then the row again.  A goroutine that leaves its M
 * counts one park more before it says that it waits, so equal rows mean that
 * nobody ran it in between.  For one in C its thread's count of calls does the
 * same.
 *
 * Windows begin at the stack pointer and are 1 KiB, which holds most stacks
 * whole, the segment's header behind it.  What does not end there is read on
 * in rounds, with windows that double: of a round as many as there is room for.
 */
#include "lib/target/pgo/batch.h"

#include <stdlib.h>
#include <string.h>

#include "lib/target/pgo/times.h"

enum {
	TRIES = 3,              /* of one alone */
	SINGLES_MAX = 1 << 14,  /* of a snapshot */
	PAGE = 4096,
	FRAME = 16,
	WINDOW = 1024,
	WINDOW_MAX = 32768,
	STACKS_BYTES = 2 << 20, /* all of a first round */
	STACK_MAX = 1 << 30,    /* what the runtime allows */
	SEGMENTS_MAX = 64,      /* they double: few have twenty */
	DEEP_MAX = 2 << 20,     /* windows, of a snapshot: 1.4 s */
	PIECES = 2 * PGO_BATCH,
};

int pgo_batch_init(struct pgo_batch *b, struct pgo_program *p)
{
	const uint32_t *bytes = p->o.bytes;

	memset(b, 0, sizeof(*b));
	b->p = p;
	b->rows = calloc(PGO_BATCH, bytes[PGO_ROW]);
	b->gs = calloc(PGO_BATCH, bytes[PGO_G]);
	b->ms = calloc(2 * PGO_BATCH, bytes[PGO_M]);
	b->times = calloc(2 * PGO_BATCH, bytes[PGO_TIMES] + 1);
	b->stacks = calloc(1, STACKS_BYTES);
	b->pcs = calloc(PGO_BATCH, PGO_PCS_MAX * sizeof(*b->pcs));
	b->piece = calloc(PIECES, sizeof(*b->piece));
	b->window = calloc(PIECES, sizeof(*b->window));
	for (uint32_t i = 0; i < PGO_BATCH; i++)
		b->look[i].walk.pcs = b->pcs + (size_t)i * PGO_PCS_MAX;
	if (b->rows && b->gs && b->ms && b->times && b->stacks && b->pcs &&
	    b->piece && b->window)
		return 0;
	pgo_batch_release(b);
	return -ENOMEM;
}

void pgo_batch_release(struct pgo_batch *b)
{
	free(b->rows);
	free(b->gs);
	free(b->ms);
	free(b->times);
	free(b->stacks);
	free(b->pcs);
	free(b->piece);
	free(b->window);
}

/* Helpers ------------------------------------------------------------------ */

static uint64_t g_number(const struct pgo_batch *b, uint32_t i,
			 enum pgo_field f)
{
	return pgo_number(&b->p->o, pgo_batch_g(b, i), f);
}

static uint8_t *row_of(const struct pgo_batch *b, uint32_t i)
{
	return b->rows + (size_t)i * b->p->o.bytes[PGO_ROW];
}

/* The struct m of look I, as it was BEFORE its stack was read, or after. */
static uint8_t *m_of(const struct pgo_batch *b, uint32_t i, bool before)
{
	return b->ms + (2 * (size_t)i + !before) * b->p->o.bytes[PGO_M];
}

void pgo_batch_add(struct pgo_batch *b, uint64_t address, void *to,
		   uint32_t bytes)
{
	b->piece[b->pieces++] = (struct space_piece){ address, to, bytes,
						      false };
}

int pgo_batch_read_pieces(struct pgo_batch *b)
{
	return b->pieces ? space_readv(b->p->space, b->piece, b->pieces) : 0;
}

/* Rows and structs --------------------------------------------------------- */

uint32_t pgo_batch_run(const struct pgo_batch *b, uint32_t i)
{
	uint32_t n = 0;

	while (i + n < b->to && !b->look[i + n].accepted)
		n++;
	return n;
}

/* What cannot be read is zero: a free slot. */
static int read_rows(struct pgo_batch *b, bool structs)
{
	uint32_t row = b->p->o.bytes[PGO_ROW], g = b->p->o.bytes[PGO_G], k;

	b->pieces = 0;
	for (uint32_t i = b->from; i < b->to; i += k ? k : 1) {
		k = pgo_batch_run(b, i);
		memset(row_of(b, i), 0, k * row);
		if (k)
			pgo_batch_add(b, b->look[i].row, row_of(b, i), k * row);
	}
	for (uint32_t i = b->from; structs && i < b->to;
	     i += k ? k : 1) {
		k = pgo_batch_run(b, i);
		if (k)
			pgo_batch_add(b, b->look[i].g, b->gs + (size_t)i * g,
				      k * g);
	}
	return pgo_batch_read_pieces(b);
}

static uint32_t status_of(const struct pgo_batch *b, uint32_t i)
{
	return (uint32_t)pgo_number(&b->p->o, row_of(b, i), PGO_ROW_STATUS) &
	       ~(uint32_t)PGO_G_SCAN;
}

static void take_row(struct pgo_batch *b, uint32_t i)
{
	struct pgo_look *l = &b->look[i];
	uint32_t state;

	l->status = status_of(b, i);
	l->parks = (uint32_t)pgo_number(&b->p->o, row_of(b, i), PGO_ROW_PARKS);
	l->m = g_number(b, i, PGO_G_M);
	state = l->status & PGO_G_STATE_MASK;
	l->kind = PGO_NOBODY;
	if (state == PGO_G_WAITING || state == PGO_G_RUNNABLE)
		l->kind = l->m ? PGO_IN_C : PGO_PARKED;
	else if (state == PGO_G_RUNNING)
		l->kind = PGO_RUNS;
	l->accepted = l->kind == PGO_NOBODY;
}

/* Threads ------------------------------------------------------------------ */

/* The Ms of all that have one. */
static int read_ms(struct pgo_batch *b, bool before)
{
	uint32_t bytes = b->p->o.bytes[PGO_M];

	b->pieces = 0;
	for (uint32_t i = b->from; i < b->to; i++) {
		if (b->look[i].accepted || !b->look[i].m)
			continue;
		memset(m_of(b, i, before), 0, bytes);
		pgo_batch_add(b, b->look[i].m, m_of(b, i, before), bytes);
	}
	return pgo_batch_read_pieces(b);
}

static bool is_in_c(const struct pgo_batch *b, uint32_t i)
{
	const struct pgo_offsets *o = &b->p->o;
	const uint8_t *m = m_of(b, i, true);

	return b->look[i].m && pgo_number(o, m, PGO_M_G) == b->look[i].g &&
	       !pgo_number(o, m, PGO_M_CSP) && !pgo_number(o, m, PGO_M_INSCHED);
}

/* Whether the thread is in the very call it was in. */
static bool same_call(const struct pgo_batch *b, uint32_t i)
{
	static const enum pgo_field same[] = {
		PGO_M_G, PGO_M_CSP, PGO_M_INSCHED, PGO_M_CFP, PGO_M_CTARGET,
		PGO_M_CALLS, PGO_M_SWITCHES,
	};
	const uint8_t *was = m_of(b, i, true), *is = m_of(b, i, false);

	for (size_t k = 0; k < sizeof(same) / sizeof(*same); k++)
		if (pgo_number(&b->p->o, was, same[k]) !=
		    pgo_number(&b->p->o, is, same[k]))
			return false;
	return true;
}

/* Where stacks begin ------------------------------------------------------- */

static void begin_in_c(struct pgo_batch *b, uint32_t i)
{
	const uint8_t *m = m_of(b, i, true);

	pgo_walk_begin(&b->look[i].walk, &b->p->hidden,
		       pgo_number(&b->p->o, m, PGO_M_CTARGET),
		       pgo_number(&b->p->o, m, PGO_M_CFP));
	b->look[i].begun = true;
}

static void begin(struct pgo_batch *b, uint32_t i)
{
	struct pgo_look *l = &b->look[i];
	uint64_t sp = g_number(b, i, PGO_G_SP);

	if (l->kind == PGO_RUNS && is_in_c(b, i)) {
		l->kind = PGO_IN_C;
		sp = pgo_number(&b->p->o, m_of(b, i, true), PGO_M_CFP);
	}
	l->cur = g_number(b, i, PGO_G_CUR);
	l->seg = l->kind == PGO_RUNS || b->no_stacks ? 0 :
		 g_number(b, i, PGO_G_BASE);
	l->used = sp <= l->cur && l->cur - sp <= STACK_MAX ? l->cur - sp : 0;
	l->segments = 0;
	l->above = l->careful = l->begun = false;
	l->window = WINDOW;
	l->walk.n = 0;
	l->walk.state = PGO_WALK_LOST;
	if (b->no_stacks)
		return;
	if (l->kind == PGO_IN_C) {
		begin_in_c(b, i);
	} else if (l->kind == PGO_PARKED) {
		l->walk.state = PGO_WALK_MORE;
		l->walk.fp = sp;
	}
}

/* The window P begins at the stack pointer of look I: the words there tell
 * where the walk begins. */
static void begin_parked(struct pgo_batch *b, uint32_t i,
			 const struct space_piece *p)
{
	const struct pgo_offsets *o = &b->p->o;
	struct pgo_walk *w = &b->look[i].walk;
	uint64_t pc;

	b->look[i].begun = true;
	w->state = PGO_WALK_LOST;
	if (p->bytes < o->bytes[PGO_LEFT])
		return;
	pc = pgo_number(o, p->to, PGO_LEFT_PC);
	if (pc != o->address[PGO_GOSTART]) {
		pgo_walk_begin(w, &b->p->hidden, pc,
			       pgo_number(o, p->to, PGO_LEFT_RBP));
		return;
	}
	/* It never ran. */
	w->state = PGO_WALK_DONE;
	w->pcs[0] = g_number(b, i, PGO_G_FN);
	w->n = w->pcs[0] != 0;
}

/* Rounds ------------------------------------------------------------------- */

static bool wants(const struct pgo_look *l)
{
	return !l->accepted && (l->walk.state == PGO_WALK_MORE || l->seg);
}

/* How much to read on: to the end of the current segment, if that is near. */
static uint32_t window_bytes(const struct pgo_batch *b,
			     const struct pgo_look *l)
{
	uint64_t at = l->walk.fp, top = l->cur + b->p->o.bytes[PGO_SEG];
	uint32_t room = l->window;

	if (l->careful)
		room = (uint32_t)(PAGE - at % PAGE);
	if (at < top && top - at < room)
		room = (uint32_t)(top - at);
	return room < FRAME ? FRAME : room;
}

/* Whether window P of L, of its stack, ends with the header that is wanted. */
static bool has_header(const struct pgo_batch *b, const struct pgo_look *l,
		       uint64_t at, uint32_t bytes)
{
	uint32_t seg = b->p->o.bytes[PGO_SEG];

	return l->seg == l->cur && bytes >= seg && at + bytes == l->cur + seg;
}

/* Adds what look I wants, if there is room for it at *TO. */
static void plan_one(struct pgo_batch *b, uint32_t i, uint8_t **to)
{
	struct pgo_look *l = &b->look[i];
	uint32_t seg = b->p->o.bytes[PGO_SEG];
	uint32_t bytes = window_bytes(b, l);
	bool stack = l->walk.state == PGO_WALK_MORE;

	if (*to + bytes + seg > b->stacks + STACKS_BYTES)
		return;
	if (stack) {
		b->window[b->pieces] = (struct pgo_window){ i, false };
		pgo_batch_add(b, l->walk.fp, *to, bytes);
		*to += bytes;
		if (l->begun && l->window < WINDOW_MAX)
			l->window *= 2;
	}
	if (l->seg && !(stack && has_header(b, l, l->walk.fp, bytes))) {
		b->window[b->pieces] = (struct pgo_window){ i, true };
		pgo_batch_add(b, l->seg, *to, seg);
		*to += seg;
	}
}

static void plan(struct pgo_batch *b)
{
	uint8_t *to = b->stacks;

	b->pieces = 0;
	for (uint32_t i = b->from; i < b->to; i++)
		if (wants(&b->look[i]))
			plan_one(b, i, &to);
}

static void take_header(struct pgo_batch *b, struct pgo_look *l,
			const uint8_t *header)
{
	const struct pgo_offsets *o = &b->p->o;

	l->segments++;
	if (l->seg == l->cur)
		l->above = true;
	else if (!l->above)
		l->used += pgo_number(o, header, PGO_SEG_BYTES);
	l->seg = l->segments < SEGMENTS_MAX ?
		 pgo_number(o, header, PGO_SEG_NEXT) : 0;
}

static void take_stack(struct pgo_batch *b, uint32_t i,
		       const struct space_piece *p)
{
	struct pgo_look *l = &b->look[i];

	if (!l->begun)
		begin_parked(b, i, p);
	pgo_walk_on(&l->walk, &b->p->hidden, p->to, p->address, p->bytes);
	if (l->seg && has_header(b, l, p->address, p->bytes))
		take_header(b, l, (uint8_t *)p->to + p->bytes -
			    b->p->o.bytes[PGO_SEG]);
}

static void take(struct pgo_batch *b, const struct pgo_window *w,
		 const struct space_piece *p)
{
	struct pgo_look *l = &b->look[w->look];

	if (p->ok && w->header)
		take_header(b, l, p->to);
	else if (p->ok)
		take_stack(b, w->look, p);
	else if (w->header)
		l->seg = l->segments = 0;
	else if (l->careful)
		l->walk.state = PGO_WALK_LOST;
	else
		l->careful = true;
}

/* Each round brings each window's walk a frame on at least, or to its end. */
static int read_stacks(struct pgo_batch *b)
{
	int rc = 0;

	for (int round = 0; rc == 0; round++) {
		plan(b);
		b->deep += round ? (uint32_t)b->pieces : 0;
		if (!b->pieces || b->deep > DEEP_MAX)
			return 0;
		rc = pgo_batch_read_pieces(b);
		for (size_t k = 0; rc == 0 && k < b->pieces; k++)
			take(b, &b->window[k], &b->piece[k]);
	}
	return rc;
}

/* Accepting ---------------------------------------------------------------- */

static bool stood_still(const struct pgo_batch *b, uint32_t i)
{
	const struct pgo_look *l = &b->look[i];
	const uint8_t *row = row_of(b, i);

	if (status_of(b, i) != l->status ||
	    pgo_number(&b->p->o, row, PGO_ROW_PARKS) != l->parks)
		return false;
	return l->kind != PGO_IN_C || same_call(b, i);
}

static int accept(struct pgo_batch *b)
{
	int rc = read_rows(b, false);

	if (rc == 0)
		rc = read_ms(b, false);
	for (uint32_t i = b->from; rc == 0 && i < b->to; i++)
		if (!b->look[i].accepted)
			b->look[i].accepted = stood_still(b, i);
	return rc;
}

static int try_once(struct pgo_batch *b, uint32_t from, uint32_t to)
{
	int rc;

	b->from = from;
	b->to = to;
	rc = read_rows(b, true);
	for (uint32_t i = from; rc == 0 && i < to; i++)
		if (!b->look[i].accepted)
			take_row(b, i);
	if (rc == 0)
		rc = pgo_times_read(b);
	if (rc == 0)
		rc = read_ms(b, true);
	for (uint32_t i = from; rc == 0 && i < to; i++)
		if (!b->look[i].accepted)
			begin(b, i);
	if (rc == 0)
		rc = read_stacks(b);
	return rc < 0 ? rc : accept(b);
}

int pgo_batch_read(struct pgo_batch *b, uint64_t row, uint64_t g,
		   uint64_t times, uint32_t n)
{
	int rc;

	b->times_at = times;
	b->n = n < PGO_BATCH ? n : PGO_BATCH;
	for (uint32_t i = 0; i < b->n; i++) {
		b->look[i].row = row + (uint64_t)i * b->p->o.bytes[PGO_ROW];
		b->look[i].g = g + (uint64_t)i * b->p->o.bytes[PGO_G];
		b->look[i].accepted = false;
	}
	rc = try_once(b, 0, b->n);
	for (uint32_t i = 0; i < b->n; i++)
		for (int try = 0; try < TRIES && rc == 0 &&
		     !b->look[i].accepted && b->singles < SINGLES_MAX; try++) {
			b->singles++;
			rc = try_once(b, i, i + 1);
		}
	return rc;
}
